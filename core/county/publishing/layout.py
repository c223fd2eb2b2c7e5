"""The workbook's sheets and columns: one table that reading, writing and the template share. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from core.county.publishing import words
from core.county.publishing.faults import gettext_noop
from core.county.publishing.words import Language, Words

#: How a cell is read. "lines": one value a line. "codes": values divided by ; or a line break.
Form = Literal["text", "number", "date", "word", "words", "lines", "codes", "yes_no", "yuan"]

LINES_HELP = gettext_noop("One a line (Alt+Enter makes a new line in a cell).")
CODES_HELP = gettext_noop("Several are divided by a semicolon.")
DATE_HELP = gettext_noop("Like 2026-01-31; empty: without limit.")
ITEM_HELP = gettext_noop("The item's code as it stands on the sheet of items.")


@dataclass(frozen=True)
class Column:
    """A column: the record's field, its heads, how a cell is read. `limit` is the most characters a cell may have."""

    name: str
    zh: str
    en: str
    form: Form = "text"
    required: bool = False
    words: Words | None = None
    help: str = ""
    example: str = ""
    limit: int = 4000

    def head(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Sheet:
    """A sheet: rows of one kind of record, or of one kind of part of an item."""

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]

    def title(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _item_code() -> Column:
    return Column("item_code", "事项编码", "item code", required=True, help=ITEM_HELP, limit=80,
                  example="11430321DEM00001404430511001001")  # fmt: skip


def _dates() -> tuple[Column, Column]:
    return (
        Column("valid_from", "生效日期", "valid from", "date", help=DATE_HELP, example="2024-01-01"),
        Column("valid_to", "失效日期", "valid to", "date", help=DATE_HELP),
    )


def _limit(name: str, zh: str, en: str, example: str) -> tuple[Column, Column, Column]:
    return (
        Column(f"{name}.value", f"{zh}", f"{en}", "number", example=example,
               help=gettext_noop("A whole number; empty or 0 if it is done immediately.")),
        Column(f"{name}.unit", f"{zh}单位", f"{en} unit", "word", required=True, words=words.UNITS, example="工作日"),
        Column(f"{name}.text", f"{zh}说明", f"{en} text", help=gettext_noop("The words as published."),
               example=f"{example}个工作日"),
    )  # fmt: skip


ITEMS = Sheet("item", "事项", "items", (
    Column("item_code", "事项编码", "item code", required=True, limit=80, example="11430321DEM00001404430511001001",
           help=gettext_noop("National form: credit code, exercise level, basic code; 31 characters.")),
    Column("name", "事项名称", "name", required=True, limit=200, example="高龄津贴"),
    Column("department", "实施主体", "department", required=True, limit=18, example="11430321DEM0000140",
           help=gettext_noop("The department's unified social credit code.")),
    Column("item_type", "事项类型", "item type", "word", required=True, words=words.ITEM_TYPES, example="行政给付"),
    Column("exercise_level", "行使层级", "exercise level", "word", required=True, words=words.EXERCISE_LEVELS,
           example="县级"),
    Column("kind", "办件类型", "kind", "word", required=True, words=words.KINDS, example="承诺件"),
    *_limit("legal_limit", "法定时限", "legal limit", "30"),
    *_limit("promised_limit", "承诺时限", "promised limit", "22"),
    Column("basic_code", "基本编码", "basic code", limit=80, example="430511001001"),
    Column("local_code", "地方编码", "local code", limit=80),
    Column("category", "分类", "category", limit=40, example="养老"),
    Column("aliases", "别名", "aliases", "lines", help=LINES_HELP, example="高龄补贴\n长寿钱"),
    Column("service_objects", "服务对象", "service objects", "words", words=words.SERVICE_OBJECTS, help=CODES_HELP,
           example="自然人"),
    Column("not_counted", "不计入时限", "not counted", example="公示时间不计入"),
    Column("supplement_days", "补正期限(工作日)", "supplement days", "number", example="10",
           help=gettext_noop("Working days to supply what a supplement notice lists, at most 60; empty: as in the whole"
                             " county.")),
    Column("conditions", "办理条件", "conditions", "lines", help=LINES_HELP, example="年满80周岁"),
    Column("fee.kind", "收费方式", "fee", "word", words=words.FEES, example="不收费"),
    Column("fee.amount", "收费金额(元)", "fee amount (yuan)", "yuan"),
    Column("fee.text", "收费说明", "fee text"),
    Column("visits", "到现场次数", "visits", "number", help=gettext_noop("Visits on site; empty: 1."), example="1"),
    Column("forms", "办理形式", "forms", "words", words=words.HANDLING_FORMS, help=CODES_HELP,
           example="窗口办理;网上办理"),
    Column("cross_region", "通办范围", "cross region"),
    Column("result.name", "结果名称", "result", example="高龄津贴发放审批结果"),
    Column("result.kind", "结果类型", "result kind", "word", words=words.RESULTS, example="给付"),
    Column("consultation", "咨询方式", "consultation", example="0731-00000001"),
    Column("complaint", "监督投诉方式", "complaint", example="12345"),
    *_dates(),
))  # fmt: skip
MATERIALS = Sheet("materials", "材料", "materials", (
    _item_code(),
    Column("code", "材料编码", "material code", required=True, limit=40, example="M01",
           help=gettext_noop("Unique within the item.")),
    Column("name", "材料名称", "name", required=True, example="高龄津贴申请书"),
    Column("necessity", "必要性", "necessity", "word", words=words.NECESSITY, example="必要"),
    Column("originals", "原件份数", "originals", "number", example="1"),
    Column("copies", "复印件份数", "copies", "number", example="0"),
    Column("form", "材料形式", "form", "word", words=words.MATERIAL_FORMS, example="纸质"),
    Column("source", "来源渠道", "source", "word", words=words.SOURCES, example="申请人自备"),
    Column("issuing_body", "出具单位", "issuing body"),
    Column("deferrable", "可容缺", "deferrable", "yes_no", words=words.YES_NO, example="否"),
    Column("pledgeable", "可告知承诺", "pledgeable", "yes_no", words=words.YES_NO, example="否"),
    Column("pledge_text", "承诺内容", "pledge text", example="本人承诺所述居住情况属实，愿意接受核查。",
           help=gettext_noop("What the applicant signs in its place; empty: the general wording.")),
    Column("certificate", "可替代证照", "certificate", example="居民身份证"),
    Column("situations", "适用情形", "situations", "codes",
           help=gettext_noop("Codes of the situations; several are divided by a semicolon."), example="S1;S2"),
    Column("note", "备注", "note"),
))  # fmt: skip
SITUATIONS = Sheet("situations", "情形", "situations", (
    _item_code(),
    Column("code", "情形编码", "situation code", required=True, limit=40, example="S1"),
    Column("name", "情形名称", "name", required=True, example="90周岁以上老人"),
    Column("note", "备注", "note"),
))  # fmt: skip
FLOW = Sheet("flow", "环节", "stages", (
    _item_code(),
    Column("code", "环节编码", "stage code", required=True, limit=40, example="R1"),
    Column("name", "环节名称", "name", required=True, example="审核"),
    Column("departments", "审查部门", "departments", "codes", required=True, example="11430321DEM0000140",
           help=gettext_noop("Credit codes; several are divided by a semicolon and work in parallel.")),
    Column("days", "工作日数", "days", "number", example="5"),
    Column("joint", "联合办理", "joint act", "word", words=words.JOINT, example="联合踏勘",
           help=gettext_noop("All its departments act together and give one opinion; the first of them leads.")),
))  # fmt: skip
FIELDS = Sheet("fields", "表单字段", "form fields", (
    _item_code(),
    Column("name", "字段名", "field name", required=True, limit=80, example="bank_account",
           help=gettext_noop("Lower-case letters, digits and underscores.")),
    Column("label", "显示名称", "label", required=True, example="收款账号"),
    Column("type", "字段类型", "type", "word", words=words.FIELD_TYPES, example="单行文本"),
    Column("required", "必填", "required", "yes_no", words=words.YES_NO, example="是"),
    Column("choices", "选项", "choices", "lines", help=LINES_HELP),
    Column("rule", "校验规则", "rule", example=r"\d{12,21}",
           help=gettext_noop("A regular expression the whole value must match.")),
    Column("help", "填写提示", "hint", example="12至21位数字"),
))  # fmt: skip
BASIS = Sheet("basis", "设定依据", "legal basis", (
    _item_code(),
    Column("title", "依据名称", "title", required=True, example="中华人民共和国老年人权益保障法"),
    Column("article", "条款", "article", example="第三十三条"),
    Column("text", "条文内容", "text"),
))  # fmt: skip
FAQ = Sheet("faq", "常见问题", "questions", (
    _item_code(),
    Column("question", "问题", "question", required=True, example="子女能代办吗?"),
    Column("answer", "解答", "answer", required=True, example="可以,代办人带本人和老人的身份证。"),
))  # fmt: skip
GRANTS = Sheet("grant", "下放", "grants", (
    Column("code", "下放编号", "grant code", required=True, limit=80, example="XT001"),
    Column("item_code", "事项编码", "item code", required=True, limit=80, example="11430321DEM00001404432011001001"),
    Column("mode", "下放方式", "mode", "word", required=True, words=words.MODES, example="直接下放"),
    Column("powers", "权限", "powers", "words", required=True, words=words.POWERS, help=CODES_HELP,
           example="受理;审查;决定"),
    Column("divisions", "下放区划", "divisions", "codes", example="430321100000",
           help=gettext_noop("Division codes, divided by a semicolon; or a level and what it lies below.")),
    Column("level", "下放层级", "level", "word", words=words.GRANT_LEVELS, example="村"),
    Column("below", "所属区划", "below", limit=12, example="430321000000",
           help=gettext_noop("All places of that level below this division.")),
    *_dates(),
    Column("basis", "下放依据", "basis", example="《湘潭县赋予乡镇经济社会管理权限目录》"),
))  # fmt: skip
DEPARTMENTS = Sheet("department", "部门", "departments", (
    Column("uscc", "统一社会信用代码", "credit code", required=True, limit=18, example="11430321DEM0000140"),
    Column("name", "部门名称", "name", required=True, limit=120, example="湘潭县民政局"),
    Column("short_name", "简称", "short name", limit=40, example="县民政局"),
    Column("division", "行政区划", "division", required=True, limit=12, example="430321000000"),
    Column("phone", "电话", "phone", limit=40, example="0731-00000001"),
    Column("address", "地址", "address", limit=200),
))  # fmt: skip
DIVISIONS = Sheet("division", "行政区划", "divisions", (
    Column("code", "区划代码", "division code", required=True, limit=12, example="430321100000"),
    Column("name", "区划名称", "name", required=True, limit=80, example="易俗河镇"),
    Column("parent", "上级区划", "parent", limit=12, example="430321000000",
           help=gettext_noop("Code of the division above; empty only for a province.")),
    Column("level", "层级", "level", "word", required=True, words=words.LEVELS, example="乡镇"),
    *_dates(),
    Column("successors", "并入区划", "successors", "codes", limit=200,
           help=gettext_noop("Codes of the divisions a retired one went to; divided by a semicolon.")),
))  # fmt: skip
CALENDAR = Sheet("calendar", "工作日历", "calendar", (
    Column("year", "年份", "year", "number", required=True, example="2026"),
    Column("day", "日期", "day", "date", example="2026-10-01",
           help=gettext_noop("A working day that is off, or a weekend day that is worked; nothing else.")),
    Column("type", "类型", "type", "word", words=words.DAY_TYPES, example="放假"),
    Column("source", "依据", "source"),
))  # fmt: skip

PAPERS = Sheet("paper", "文书", "papers", (
    Column("paper", "文书种类", "paper", "word", required=True, words=words.PAPERS, example="不予受理决定书"),
    Column("item_code", "事项编码", "item code", limit=80, example="11430321DEM00001404430511001001",
           help=gettext_noop("Empty: for all items that have no words of their own.")),
    Column("title", "标题", "title", required=True, limit=100, example="高龄津贴不予受理决定书"),
    Column("paragraphs", "正文", "paragraphs", "lines", example="{you}提出的{item}申请收悉。\n{reason}",
           help=gettext_noop("One paragraph a line (Alt+Enter makes a new line in a cell); placeholders in braces.")),
    Column("basis", "依据", "basis", example="《中华人民共和国行政许可法》第三十二条"),
    Column("appeal", "救济途径", "appeal",
           help=gettext_noop("How to appeal: on a refusal or a denial.")),
))  # fmt: skip

#: In the order in which they stand in the workbook.
SHEETS: Final = (ITEMS, MATERIALS, SITUATIONS, FLOW, FIELDS, BASIS, FAQ, GRANTS, DEPARTMENTS, DIVISIONS, CALENDAR,
                 PAPERS)  # fmt: skip
#: Sheets whose rows are parts of items.
PART_SHEETS: Final = (MATERIALS, SITUATIONS, FLOW, FIELDS, BASIS, FAQ)
#: Sheets of the template that hold no records: they are not read.
GUIDE: Final = ("填写说明", "guide")
WORD_LISTS: Final = "_words"


def sheet_named(title: str) -> Sheet | None:
    """The sheet with this title, in either language."""
    wanted = title.strip().lower()
    return next((sheet for sheet in SHEETS if wanted in (sheet.zh, sheet.en, sheet.name)), None)


def column_named(sheet: Sheet, head: str) -> Column | None:
    """The column with this head, in either language; a star that marks it as required does not matter."""
    wanted = " ".join(head.replace("*", " ").replace("\uff08", "(").replace("\uff09", ")").split()).lower()
    return next(
        (column for column in sheet.columns if wanted in (column.zh, column.en.lower(), column.name)),
        None,
    )


def column_of_field(sheet: Sheet, field: str) -> Column:
    """The column in which a fault of this field is mended; the first where the field has no column of its own."""
    names = {"fee": "fee.amount", "key": sheet.columns[0].name, "days_off": "day", "make_up_days": "day"}
    wanted = names.get(field, field)
    for column in sheet.columns:
        if column.name in (wanted, f"{wanted}.value"):
            return column
    return sheet.columns[0]
