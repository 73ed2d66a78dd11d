"""What the pages call things."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from app.accounts import role_name
from app.calendars.words import clock_span, days_text
from app.designer.rehearsing.models import CANCELLED, DONE, FAILED, INTERRUPTED, RUNNING, WAITING
from app.i18n import _, lazy_, pick

STATES: dict[str, tuple[str, Any]] = {
    WAITING: ("wait", lazy_("排队中")),
    RUNNING: ("now", lazy_("推演中")),
    DONE: ("done", lazy_("已完成")),
    FAILED: ("red", lazy_("没有完成")),
    CANCELLED: ("none", lazy_("已取消")),
    INTERRUPTED: ("amber", lazy_("中断")),
}
TOTALS: dict[str, Any] = {
    "started": lazy_("发起件数"),
    "ended": lazy_("办结件数"),
    "running": lazy_("到期末仍未办结"),
    "dead": lazy_("走进死路"),
    "incident": lazy_("异常"),
    "cycle_median": lazy_("办结用时（一半的件数不超过）"),
    "cycle_p90": lazy_("办结用时（九成的件数不超过）"),
    "late_share": lazy_("超期率"),
    "overdue": lazy_("超期任务"),
    "rungs": lazy_("提级次数"),
}
SPANS, SHARES = ("cycle_median", "cycle_p90"), ("late_share",)


def role(key: str) -> str:
    return role_name(key) if key else _("只按单位分派")


def span(seconds: float | None) -> str:
    """A duration by the clock on the wall: 3.4 天, 5 小时 20 分钟."""
    if seconds is None:
        return "—"
    if seconds >= 86400:
        days = round(seconds / 86400, 1)
        return days_text(int(days)) if days == int(days) else _("%(n)s 天", n=days)
    return clock_span(int(dt.timedelta(seconds=seconds).total_seconds()))


def office(seconds: float | None) -> str:
    """Office time: 工作 5 小时. Nothing to speak of is nothing."""
    if seconds is None:
        return "—"
    hours = seconds / 3600
    if hours < 0.05:
        return _("无")
    return _("%(n)s 工作小时", n=f"{hours:.1f}".removesuffix(".0"))


def hours(seconds: float) -> str:
    """The same where there is little room: 26 时."""
    return str(_("%(n)s 时", n=f"{seconds / 3600:.0f}" if seconds >= 36000 else f"{seconds / 3600:.1f}"))


def share(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value * 100:.0f}%" if value in (0, 1) or value >= 0.1 else f"{value * 100:.1f}%"


def total(name: str, value: Any) -> str:
    if value is None:
        return "—"
    return span(value) if name in SPANS else share(value) if name in SHARES else f"{value:,}"


def problem(one: Mapping[str, Any], names: Mapping[str, Any]) -> tuple[str, str]:
    """State and sentence of something that a rehearsal found; `names` of nodes and flows by id."""

    def called(element: str | None) -> str:
        if element is None:
            return str(_("开始"))
        return str(pick(names[element])) if element in names else element

    name, count = called(one["element"]), one["count"]
    kind = one["kind"]
    if kind == "dead_end":
        return "red", _("%(count)s 件停在“%(name)s”之后，没有待办、定时或消息能使其继续", count=count, name=name)
    if kind == "incident":
        return "red", _("%(count)s 件在“%(name)s”出现异常：%(why)s", count=count, name=name, why=one["message"])
    if kind == "endless":
        return "red", _("%(count)s 件在“%(name)s”反复循环，没有尽头", count=count, name=name)
    if kind == "loop":
        return "amber", _("%(count)s 件经过“%(name)s”超过 %(times)s 次", count=count, name=name, times=one["times"])
    if kind == "overloaded":
        return "red", _(
            "%(role)s人手不足：%(count)s 个工作日收工时待办多于人数，最多积压 %(queue)s 件，平均负荷 %(load)s",
            role=role(one["role"]), count=count, queue=one["queue"], load=share(one["load"]),
        )  # fmt: skip
    if kind == "never_flow":
        return "amber", _(
            "从“%(source)s”到“%(target)s”没有走过", source=called(one["source"]), target=called(one["target"])
        )
    return "amber", _("“%(name)s”没有走到过", name=name)
