"""The words a workbook uses for the catalogue's codes, Chinese and English: part of the file format, not of the pages.

No Django here. Both languages and the bare code are read; what is written follows the language asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Words:
    """A vocabulary: code > (Chinese, English). An `open` one takes codes it does not know as they are."""

    table: dict[str, tuple[str, str]]
    open: bool = False

    def word(self, code: str, language: Language) -> str:
        """What stands in the cell for this code."""
        pair = self.table.get(code)
        return code if pair is None else pair[0 if language == "zh" else 1]

    def code(self, word: str) -> str | None:
        """The code for what stands in the cell; None where it is none of ours."""
        word = word.replace("\uff08", "(").replace("\uff09", ")")
        lowered = word.lower()
        for code, (chinese, english) in self.table.items():
            if word in (code, chinese) or lowered == english.lower():
                return code
        # Excel drops the zero of "05" when a column is not text.
        if word.isdigit() and word.zfill(2) in self.table:
            return word.zfill(2)
        return word if self.open else None

    def all(self, language: Language) -> list[str]:
        """Every word, in order."""
        return [self.word(code, language) for code in self.table]


YES_NO = Words({"1": ("是", "yes"), "0": ("否", "no")})
LEVELS = Words(
    {
        "province": ("省", "province"),
        "city": ("市", "city"),
        "county": ("县", "county"),
        "town": ("乡镇", "town"),
        "village": ("村", "village"),
    }
)
GRANT_LEVELS = Words({"town": ("乡镇", "town"), "village": ("村", "village")})
UNITS = Words(
    {
        "working_day": ("工作日", "working days"),
        "calendar_day": ("自然日", "calendar days"),
        "hour": ("小时", "hours"),
        "immediate": ("即时", "immediate"),
    }
)
KINDS = Words({"immediate": ("即办件", "immediate"), "promised": ("承诺件", "promised")})
#: GB/T 39046.
ITEM_TYPES = Words(
    {
        "00": ("行政权力", "administrative power"),
        "01": ("行政许可", "licence"),
        "02": ("行政处罚", "penalty"),
        "03": ("行政强制", "coercion"),
        "04": ("行政征收", "levy"),
        "05": ("行政给付", "payment"),
        "06": ("行政检查", "inspection"),
        "07": ("行政确认", "confirmation"),
        "08": ("行政奖励", "reward"),
        "09": ("行政裁决", "adjudication"),
        "10": ("其他行政权力", "other power"),
        "20": ("公共服务", "public service"),
    },
    open=True,
)
EXERCISE_LEVELS = Words(
    {
        "1": ("国家级", "nation"),
        "2": ("省级", "province"),
        "3": ("市级", "city"),
        "4": ("县级", "county"),
        "5": ("镇(乡、街道)级", "town"),
        "6": ("村(社区)级", "village"),
        "7": ("共有", "shared"),
    },
    open=True,
)
SERVICE_OBJECTS = Words(
    {
        "1": ("自然人", "person"),
        "2": ("企业法人", "company"),
        "3": ("事业法人", "institution"),
        "4": ("社会组织法人", "association"),
        "5": ("行政机关", "agency"),
        "6": ("其他组织", "other"),
    },
    open=True,
)
HANDLING_FORMS = Words(
    {
        "1": ("窗口办理", "window"),
        "2": ("网上办理", "web"),
        "3": ("移动端办理", "mobile"),
        "4": ("邮寄办理", "mail"),
        "9": ("其他方式", "other"),
    },
    open=True,
)
FEES = Words({"none": ("不收费", "none"), "amount": ("定额", "amount"), "standard": ("按标准", "standard")})
RESULTS = Words(
    {
        "certificate": ("证照", "certificate"),
        "approval": ("批文", "approval"),
        "registration": ("登记", "registration"),
        "payment": ("给付", "payment"),
        "document": ("文书", "document"),
        "none": ("无", "none"),
    }
)
NECESSITY = Words(
    {"required": ("必要", "required"), "optional": ("非必要", "optional"), "situation": ("按情形", "situation")}
)
MATERIAL_FORMS = Words(
    {"paper": ("纸质", "paper"), "electronic": ("电子", "electronic"), "either": ("纸质或电子", "either")}
)
SOURCES = Words(
    {
        "applicant": ("申请人自备", "applicant"),
        "department": ("政府部门核发", "department"),
        "third_party": ("第三方出具", "third party"),
    }
)
FIELD_TYPES = Words(
    {
        "text": ("单行文本", "text"),
        "textarea": ("多行文本", "textarea"),
        "number": ("数字", "number"),
        "date": ("日期", "date"),
        "choice": ("单选", "choice"),
        "phone": ("电话", "phone"),
        "boolean": ("是否", "boolean"),
    }
)
MODES = Words(
    {
        "direct": ("直接下放", "direct"),
        "entrusted": ("委托下放", "entrusted"),
        "front_loaded": ("服务前移", "front-loaded"),
    }
)
POWERS = Words({"accept": ("受理", "accept"), "review": ("审查", "review"), "decide": ("决定", "decide")})
JOINT = Words(
    {
        "site_inspection": ("联合踏勘", "joint site inspection"),
        "drawing_review": ("联合审图", "joint drawing review"),
        "final_acceptance": ("联合验收", "joint final acceptance"),
    }
)
PAPERS = Words(
    {
        "receipt": ("受理通知书", "receipt"),
        "refusal": ("不予受理决定书", "refusal"),
        "supplement": ("补正材料一次性告知书", "supplement notice"),
        "deferral": ("容缺受理承诺书", "deferral commitment"),
        "pledge": ("告知承诺书", "pledge"),
        "special_procedure": ("特别程序告知书", "special procedure notice"),
        "extension": ("延长办理期限告知书", "extension notice"),
        "termination": ("终止办理通知书", "termination notice"),
        "decision_granted": ("准予决定书", "decision: granted"),
        "decision_denied": ("不予决定书", "decision: denied"),
        "delivery": ("送达回证", "delivery record"),
    }
)
DAY_TYPES = Words({"off": ("放假", "day off"), "work": ("补班", "make-up day")})
