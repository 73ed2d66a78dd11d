"""What services, checks, their parameters and the functions of the language are called for people who design."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import marshmallow as ma

from app.i18n import _, bilingual, lazy_

Names = Mapping[str, Mapping[str, str]]

# Signature and meaning, in the order in which they are shown.
FUNCTIONS: dict[str, tuple[str, Any]] = {
    "default": ("default(x, 0)", lazy_("x 还没有值时取后一个")),
    "len": ("len(x)", lazy_("列表的项数，或文字的字数")),
    "sum": ("sum(list)", lazy_("合计")),
    "min": ("min(a, b, …)", lazy_("最小的")),
    "max": ("max(a, b, …)", lazy_("最大的")),
    "any": ("any(list)", lazy_("有一项为真")),
    "all": ("all(list)", lazy_("每一项都为真")),
    "sorted": ("sorted(list)", lazy_("从小到大排好")),
    "list": ("list(x)", lazy_("列成列表")),
    "range": ("range(from, to)", lazy_("从一个数到另一个数之前")),
    "join": ('join(list, "、")', lazy_("连成一段文字")),
    "abs": ("abs(x)", lazy_("绝对值")),
    "round": ("round(x, 1)", lazy_("四舍五入，后一个数是小数位数")),
    "int": ("int(x)", lazy_("取整数")),
    "float": ("float(x)", lazy_("取数值")),
    "bool": ("bool(x)", lazy_("是否为真")),
    "str": ("str(x)", lazy_("写成文字")),
    "date": ("date(x)", lazy_("取日期")),
    "datetime": ("datetime(x)", lazy_("取时刻")),
    "days": ("days(3)", lazy_("3 天的时长，可与日期相加")),
    "hours": ("hours(4)", lazy_("4 小时的时长，可与时刻相加")),
    "today": ("today()", lazy_("今日")),
    "add_days": ("add_days(day, 5)", lazy_("之后第 5 天（自然日）")),
    "add_work_days": ("add_work_days(day, 5)", lazy_("之后第 5 个工作日")),
    "work_days_between": ("work_days_between(first, last)", lazy_("两日之间的工作日数")),
    "is_work_day": ("is_work_day(day)", lazy_("是否工作日")),
}
# Parameters of service tasks by their names: the same name means the same everywhere.
PARAMETERS: dict[str, Any] = {
    "seq": lazy_("第几个阶段"),
    "reason": lazy_("原因"),
    "suggested_days": lazy_("判定表建议的整改天数"),
    "ask_before": lazy_("须在期限前多久提出（期限规则；空为到期当日）"),
    "review_within": lazy_("答复期限（期限规则）"),
    "reply_within": lazy_("上级答复期限（期限规则）"),
    "department_extensions": lazy_("部门可批准的延期次数"),
    "percent": lazy_("抽中的百分比"),
    "stage": lazy_("进入哪个阶段：planning、approving 或 accepting"),
    "due_on": lazy_("到期日"),
    "visit_id": lazy_("走访的编码"),
    "majors": lazy_("部门负责人确认的重大隐患"),
    "engagement_id": lazy_("专家聘请的编码"),
    "visited_at": lazy_("走访时间"),
}
TYPES: tuple[tuple[type[ma.fields.Field[Any]], str, Any], ...] = (
    (ma.fields.Boolean, "bool", lazy_("是或否")),
    (ma.fields.Integer, "int", lazy_("整数")),
    (ma.fields.Float, "float", lazy_("数值")),
    (ma.fields.Decimal, "float", lazy_("数值")),
    (ma.fields.DateTime, "str", lazy_("时刻")),
    (ma.fields.Date, "str", lazy_("日期")),
    (ma.fields.List, "list", lazy_("列表")),
    (ma.fields.Dict, "dict", lazy_("一组数据")),
    (ma.fields.Nested, "dict", lazy_("一组数据")),
    (ma.fields.String, "str", lazy_("文字")),
)


@functools.cache
def shipped() -> Mapping[str, Names]:
    return tomllib.loads((Path(__file__).parent / "services.toml").read_text(encoding="utf-8"))


def service_title(name: str) -> str:
    """The service in the office's words; its name where nobody has given it any."""
    return _named(shipped()["tasks"], name)


def check_title(name: str) -> str:
    return _named(shipped()["checks"], name)


def _named(names: Names, name: str) -> str:
    found = names.get(name)
    return bilingual(found["zh"], found["en"]) if found else name


def parameter(name: str, field: ma.fields.Field[Any]) -> dict[str, Any]:
    """One parameter for the panel: name, type as the file writes it and in words, meaning, whether it is required."""
    written, words = next(((code, text) for kind, code, text in TYPES if isinstance(field, kind)), ("any", _("任意")))
    about = PARAMETERS.get(name, "")
    return {
        "name": name,
        "type": written,
        "type_name": str(words),
        "about": str(about),
        "required": bool(field.required),
    }
