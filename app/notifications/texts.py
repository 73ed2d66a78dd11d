"""What a notification says: one headline and one line below it, in the reader's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from app.calendars import due_text
from app.i18n import _, bilingual, lazy_

# What each event is called in the filter.
EVENTS: dict[str, Any] = {
    "task.created": lazy_("新待办"),
    "task.reassigned": lazy_("转办"),
    "task.delegated": lazy_("委派"),
    "task.handed_back": lazy_("交回"),
    "task.taken_back": lazy_("拿回"),
    "task.returned": lazy_("退回"),
    "task.withdrawn": lazy_("撤回"),
    "task.signer_added": lazy_("加签"),
    "task.signer_removed": lazy_("减签"),
    "task.extended": lazy_("延期"),
    "task.paused": lazy_("中止计时"),
    "task.resumed": lazy_("恢复计时"),
    "task.urged": lazy_("催办"),
    "task.reminded": lazy_("临期提醒"),
    "task.overdue": lazy_("超期"),
    "task.escalated": lazy_("超期升级"),
    "task.copied": lazy_("抄送"),
    "task.commented": lazy_("意见"),
    "instance.ended": lazy_("办结"),
}
ICONS = {
    "task.created": "inbox",
    "task.reassigned": "arrow-forward-up",
    "task.delegated": "user-share",
    "task.handed_back": "arrow-back-up",
    "task.taken_back": "arrow-back",
    "task.returned": "arrow-back-up",
    "task.withdrawn": "arrow-back",
    "task.signer_added": "user-plus",
    "task.signer_removed": "user-minus",
    "task.extended": "calendar-plus",
    "task.paused": "player-pause",
    "task.resumed": "player-play",
    "task.urged": "bell-ringing",
    "task.reminded": "clock",
    "task.overdue": "alert-octagon",
    "task.escalated": "stairs-up",
    "task.copied": "copy",
    "task.commented": "message",
    "instance.ended": "circle-check",
}


def headline(event: str, params: Mapping[str, Any]) -> str:
    """新待办：整改复查"""
    step = bilingual(params.get("task_zh"), params.get("task_en")) or bilingual(
        params.get("process_zh"), params.get("process_en")
    )
    actor = str(params.get("actor") or _("系统"))
    end = bilingual(params.get("end_zh"), params.get("end_en"))  # how it ended
    lines: dict[str, Callable[[], str]] = {
        "task.created": lambda: _("新待办：%(step)s", step=step),
        "task.reassigned": lambda: _("%(actor)s转来：%(step)s", actor=actor, step=step),
        "task.delegated": lambda: _("%(actor)s委派您填写：%(step)s", actor=actor, step=step),
        "task.handed_back": lambda: _("%(actor)s已交回：%(step)s", actor=actor, step=step),
        "task.taken_back": lambda: _("%(actor)s已拿回：%(step)s", actor=actor, step=step),
        "task.returned": lambda: _("%(actor)s退回：%(step)s", actor=actor, step=step),
        "task.withdrawn": lambda: _("%(actor)s撤回：%(step)s", actor=actor, step=step),
        "task.signer_added": lambda: _("%(actor)s请您签署：%(step)s", actor=actor, step=step),
        "task.signer_removed": lambda: _("不再需要您签署：%(step)s", step=step),
        "task.extended": lambda: _("已延期：%(step)s", step=step),
        "task.paused": lambda: _("已中止计时：%(step)s", step=step),
        "task.resumed": lambda: _("已恢复计时：%(step)s", step=step),
        "task.urged": lambda: _("%(actor)s催办：%(step)s", actor=actor, step=step),
        "task.reminded": lambda: _("临近期限：%(step)s", step=step),
        "task.overdue": lambda: _("已超期：%(step)s", step=step),
        "task.escalated": lambda: _(
            "超期升级第 %(level)s 级：%(step)s",
            level=params.get("level") or 1,
            step=step,
        ),
        "task.copied": lambda: _("%(actor)s抄送：%(step)s", actor=actor, step=step),
        "task.commented": lambda: _("%(actor)s发表意见：%(step)s", actor=actor, step=step),
        "instance.ended": lambda: _("已办结：%(step)s", step="　".join(part for part in (step, end) if part)),
    }
    return lines[event]() if event in lines else step


def detail(params: Mapping[str, Any], now: dt.datetime) -> str:
    """What it is about, what was said, until when: 鑫源纺织：安全出口上锁　请今天反馈　今日 17:30 止"""
    parts = [str(params.get("title") or ""), str(params.get("text") or "")]
    if due := params.get("due_at"):
        parts.append(due_text(dt.datetime.fromisoformat(str(due)), now))
    return "　".join(part for part in parts if part)
