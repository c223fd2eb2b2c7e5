"""The words of official papers 政务服务文书: placeholders, and what every kind says where the county says nothing else.

No Django here. A template is text with placeholders in braces, of the closed list below. Filling looks at the template
once and never at what it put in, so nothing an applicant or a clerk typed is read as a template, and there is no
expression, attribute or format in a placeholder. What comes out is plain text; the page escapes it.

Source: 行政许可法 (2019) Art. 32, 38, 42-45; 行政复议法 (2023) Art. 20; 行政诉讼法 (2017) Art. 46;
国发〔2022〕5号 (一次性告知, 容缺受理); 国办发〔2020〕42号 (告知承诺).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, get_args

from .documents import Item, PaperKind, PaperTemplate


def gettext_noop(text: str) -> str:
    """The text as it is: the name makes `make messages` collect it, the page translates it."""
    return text


KINDS: Final[tuple[PaperKind, ...]] = get_args(PaperKind)
#: GB/T 39046 item type of 行政许可; papers of any other item must not call it so.
LICENCE: Final = "01"
#: The longest template of a paragraph, title, basis or appeal (characters), and the most paragraphs.
MAX_TEXT: Final = 1000
MAX_PARAGRAPHS: Final = 20

#: On every paper, by what it stands for.
COMMON: Final[Mapping[str, str]] = {
    "applicant": gettext_noop("The applicant's name"),
    "you": gettext_noop("你 for a person, 你单位 for an organisation"),
    "me": gettext_noop("本人 for a person, 本单位 for an organisation"),
    "agent": gettext_noop("The name of the person acting for the applicant"),
    "item": gettext_noop("The item's name"),
    "situation": gettext_noop("The situation the applicant is in"),
    "act": gettext_noop("行政许可, 行政给付, 行政确认 or 办理, by the item's type"),
    "law": gettext_noop("The article that fits this kind of paper and the item's type"),
    "basis": gettext_noop("The basis named in the act, or the basis below"),
    "case_number": gettext_noop("The case number"),
    "date": gettext_noop("The day of the paper"),
    "applied_on": gettext_noop("The day the application was handed in"),
    "accepted_on": gettext_noop("The day of acceptance"),
    "department": gettext_noop("The authority in whose name the paper is issued"),
    "place": gettext_noop("The service point"),
    "government": gettext_noop("The government that hears an administrative reconsideration"),
    "consultation": gettext_noop("Where questions are answered"),
    "complaint": gettext_noop("Where complaints are taken"),
}
#: On some papers only.
SPECIAL: Final[Mapping[str, str]] = {
    "reason": gettext_noop("The reason as it was written down"),
    "lacking": gettext_noop("What is missing; alone in its paragraph it becomes a numbered list"),
    "materials": gettext_noop("The materials this paper is about; alone in its paragraph it becomes a numbered list"),
    "due": gettext_noop("The last day to supply what is missing"),
    "promised_due": gettext_noop("The last day of the promised limit"),
    "legal_due": gettext_noop("The last day of the legal limit"),
    "procedure": gettext_noop("The special procedure"),
    "days": gettext_noop("The number of days, with their unit"),
    "stopped_on": gettext_noop("The day the special procedure began"),
    "result": gettext_noop("The name of the result"),
    "result_number": gettext_noop("The number of the result"),
    "decided_on": gettext_noop("The day of the decision"),
    "receiver": gettext_noop("Who received the result"),
    "how": gettext_noop("How the result was handed over"),
    "tracking": gettext_noop("The tracking number or the locker"),
}
PLACEHOLDERS: Final[Mapping[str, str]] = {**COMMON, **SPECIAL}
#: What each kind knows beside COMMON.
OF_KIND: Final[Mapping[PaperKind, frozenset[str]]] = {
    "receipt": frozenset({"materials", "promised_due", "legal_due"}),
    "refusal": frozenset({"reason"}),
    "supplement": frozenset({"reason", "lacking", "due"}),
    "deferral": frozenset({"materials", "due"}),
    "pledge": frozenset({"materials"}),
    "special_procedure": frozenset({"reason", "procedure", "days", "stopped_on", "promised_due", "legal_due"}),
    "extension": frozenset({"reason", "days", "legal_due"}),
    "termination": frozenset({"reason"}),
    "decision_granted": frozenset({"reason", "result", "result_number", "decided_on"}),
    "decision_denied": frozenset({"reason", "decided_on"}),
    "delivery": frozenset({"result", "result_number", "decided_on", "receiver", "how", "tracking"}),
}
#: A paragraph that is nothing but one of these becomes a numbered list.
LISTS: Final = frozenset({"lacking", "materials"})

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_BRACED: Final = re.compile(r"\{[^{}]*\}|[{}]")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each placeholder of the list replaced by its value ("" for one there is none of); braces that are
    no placeholder stay as they are, and what was put in is not looked at again."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return values.get(name, "") if name in PLACEHOLDERS else found[0]

    return _PLACEHOLDER.sub(value, text)


def placeholders_of(text: str) -> list[str]:
    """The names of the placeholders in the text, in its order."""
    return [name for name in _PLACEHOLDER.findall(text) if name in PLACEHOLDERS]


def fill_paragraphs(paragraphs: tuple[str, ...], values: Mapping[str, str]) -> Iterator[str]:
    """The paragraphs, filled; one that names what this case does not have is left out. One that is only a list comes
    as it stands, for `list_of`."""
    for paragraph in paragraphs:
        names = placeholders_of(paragraph)
        if all(values.get(name, "").strip() for name in names):
            yield paragraph if list_of(paragraph) else fill(paragraph, values)


def list_of(paragraph: str) -> str:
    """ "lacking" for the paragraph "{lacking}", and so on; "" for any other text."""
    found = _PLACEHOLDER.fullmatch(paragraph.strip())
    return found[1] if found and found[1] in LISTS else ""


def placeholder_problems(template: PaperTemplate) -> list[str]:
    """What in the template is no placeholder of this kind of paper, as it stands there: "{nmae}", "{due}" where there
    is no such day, a brace without its other half. Empty when the template may be used."""
    known = COMMON.keys() | OF_KIND[template.paper]
    found = (
        piece
        for text in (template.title, *template.paragraphs, template.basis, template.appeal)
        for piece in _BRACED.findall(text)
    )
    return list(dict.fromkeys(piece for piece in found if piece[1:-1] not in known))


_LICENSING: Final = "《中华人民共和国行政许可法》"
_SERVICE: Final = "《国务院关于加快推进政务服务标准化规范化便利化的指导意见》（国发〔2022〕5号）"
_PLEDGING: Final = "《国务院办公厅关于全面推行证明事项和涉企经营许可事项告知承诺制的指导意见》（国办发〔2020〕42号）"
#: {law} of an administrative licence. No national law knows 终止办理: its paper cites none unless the county does.
_LAW_LICENCE: Final[Mapping[PaperKind, str]] = {
    "receipt": f"{_LICENSING}第三十二条第一款第五项",
    "refusal": f"{_LICENSING}第三十二条",
    "supplement": f"{_LICENSING}第三十二条第一款第四项",
    "deferral": _SERVICE,
    "pledge": _PLEDGING,
    "special_procedure": f"{_LICENSING}第四十五条",
    "extension": f"{_LICENSING}第四十二条",
    "termination": "",
    "decision_granted": f"{_LICENSING}第三十八条第一款",
    "decision_denied": f"{_LICENSING}第三十八条第二款",
    "delivery": f"{_LICENSING}第四十四条",
}
#: What "the matter" is called on the papers of an item of this type; anything else is 办理.
_ACTS: Final[Mapping[str, str]] = {LICENCE: "行政许可", "05": "行政给付", "07": "行政确认"}


def act_name(item_type: str) -> str:
    """{act}: what is granted or denied. GB/T 39046."""
    return _ACTS.get(item_type, "办理")


def law_name(kind: PaperKind, item: Item) -> str:
    """{law}: the article a paper of this kind rests on; for an item that is no licence its own published basis where
    the paper decides the matter, and otherwise the State Council's rules for all public service."""
    if item.item_type == LICENCE or kind in ("deferral", "pledge", "termination"):
        return _LAW_LICENCE[kind]
    if kind in ("decision_granted", "decision_denied"):
        return "、".join(f"《{one.title.strip('《》')}》{one.article}" for one in item.basis if one.title) or _SERVICE
    return _SERVICE


_APPEAL: Final = (
    "如不服本决定，可以自收到本决定书之日起六十日内，依法向{government}申请行政复议；"
    "也可以自收到本决定书之日起六个月内，依法直接向有管辖权的人民法院提起行政诉讼。"
)


def _default(paper: PaperKind, title: str, *paragraphs: str, appeal: str = "") -> PaperTemplate:
    return PaperTemplate(paper=paper, title=title, paragraphs=paragraphs, basis="{law}", appeal=appeal)


DEFAULTS: Final[Mapping[PaperKind, PaperTemplate]] = {one.paper: one for one in (
    _default(
        "receipt", "受理通知书",
        "{you}于{applied_on}提出的{item}申请收悉。经审查，符合受理条件，根据{basis}，决定予以受理。",
        "办理期限自受理之日起计算。承诺办结日期为{promised_due}，法定办结日期为{legal_due}。",
    ),
    _default(
        "refusal", "不予受理决定书",
        "{you}于{applied_on}提出的{item}申请收悉。经审查，不符合受理条件，理由如下：",
        "{reason}",
        "根据{basis}，决定不予受理。",
        appeal=_APPEAL,
    ),
    _default(
        "supplement", "补正材料一次性告知书",
        "{you}于{applied_on}提出的{item}申请收悉。经审查，申请材料不齐全或者不符合法定形式。根据{basis}，"
        "现将需要补正的全部内容一次性告知如下：",
        "{lacking}",
        "{reason}",
        "请于{due}以前（含当日）补正。逾期不补正的，本次申请终止办理，{you}可以重新提出申请。",
        "补正材料请交至{place}，办件编号不变。除以上内容外，不再要求补正其他材料。",
    ),
    _default(
        "deferral", "容缺受理承诺书",
        "{me}（{applicant}）申请办理{item}（办件编号：{case_number}），主要申请材料已经提交，下列材料暂时不能提交，根据{basis}，"
        "申请容缺受理，并承诺在所列日期以前（含当日）补交：",
        "{materials}",
        "{me}郑重承诺：一、已提交的申请材料真实、合法、有效；二、在承诺的日期以前补交上述全部材料，补交的材料符合法定形式和要求；"
        "三、材料补交齐全以前不作出准予决定，逾期未补交或者补交的材料不符合要求的，同意终止办理本次申请，并承担由此产生的后果。",
    ),
    _default(
        "pledge", "告知承诺书",
        "一、行政机关告知。{department}依据{basis}，对{item}的下列申请材料实行告知承诺制：申请人书面承诺已经符合告知的条件、要求，"
        "并愿意承担不实承诺的法律责任的，不再提交该材料。承诺不实的，依法终止办理、责令限期整改、撤销决定或者予以行政处罚，"
        "并纳入信用记录；涉嫌犯罪的，依法移送司法机关。",
        "二、申请人承诺。{me}（{applicant}）已经知晓上述告知的全部内容，就下列事项作出承诺：",
        "{materials}",
        "以上承诺是{me}的真实意思表示，所填写的信息真实、准确。{me}愿意接受核查，并承担不实承诺的法律责任。",
    ),
    _default(
        "special_procedure", "特别程序告知书",
        "{you}提出的{item}申请，已于{accepted_on}受理。审查过程中，依法需要进行{procedure}：{reason}",
        "{procedure}自{stopped_on}起进行，所需时间预计为{days}。根据{basis}，所需时间不计算在办理期限内，"
        "{procedure}结束后恢复计算。",
    ),
    _default(
        "extension", "延长办理期限告知书",
        "{you}提出的{item}申请，已于{accepted_on}受理。因下列理由，不能在法定期限内作出决定：",
        "{reason}",
        "根据{basis}，经本机关负责人批准，办理期限延长{days}，延长后的法定办结日期为{legal_due}。",
    ),
    _default(
        "termination", "终止办理通知书",
        "{you}于{applied_on}提出的{item}申请，因下列原因终止办理：",
        "{reason}",
        "已提交的申请材料原件，请到{place}领取。",
    ),
    _default(
        "decision_granted", "准予{act}决定书",
        "{you}于{applied_on}提出的{item}申请，经审查，符合法定条件、标准。根据{basis}，决定准予{act}。",
        "{reason}",
        "{result}编号：{result_number}。",
        "{result}自作出本决定之日起十个工作日内颁发、送达。",
    ),
    _default(
        "decision_denied", "不予{act}决定书",
        "{you}于{applied_on}提出的{item}申请，经审查，不符合法定条件、标准，理由如下：",
        "{reason}",
        "根据{basis}，决定不予{act}。",
        appeal=_APPEAL,
    ),
    _default("delivery", "送达回证"),
)}  # fmt: skip
#: In place of the receipt's template while the case is not accepted.
TAKEN_IN: Final = _default(
    "receipt", "申请材料收件凭证",
    "{place}于{date}收到{you}提出的{item}申请及下列材料。自收到申请材料之日起五个工作日内，答复是否受理或者一次性告知需要补正的全部内容；"
    "逾期不告知的，自收到申请材料之日起即为受理。",
)  # fmt: skip
