"""An instance's history as people read it: newest first, the open steps pinned on top."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import web
from app.audit import SYSTEM
from app.calendars import DeadlineView, Office, deadline_view, instant_text
from app.calendars.words import clock_span, days_text, work_span
from app.clock import local
from app.engine import History, HumanTask, Instance, Loaded
from app.i18n import _, bilingual, lazy_
from app.inbox.signatures import vote_labels

ICONS = {
    "now": "edit",
    "other": "point",
    "instance.started": "plus",
    "task.completed": "check",
    "task.claimed": "mail-check",
    "task.unclaimed": "mail-x",
    "task.reassigned": "arrows-exchange",
    "task.delegated": "user-share",
    "task.handed_back": "arrow-back-up",
    "task.taken_back": "arrow-back",
    "task.returned": "arrow-back-up",
    "task.withdrawn": "arrow-back",
    "task.copied": "copy",
    "task.signer_added": "user-plus",
    "task.signer_removed": "user-minus",
    "task.decided": "gavel",
    "task.extension_requested": "calendar-question",
    "task.extended": "calendar-plus",
    "task.paused": "player-pause",
    "task.resumed": "player-play",
    "task.rescheduled": "calendar-event",
    "timer.rescheduled": "calendar-event",
    "children.called": "sitemap",
    "children.finished": "checks",
    "child.cancelled": "ban",
    "child.failed": "alert-octagon",
    "message.received": "message-down",
    "signal.received": "broadcast",
    "task.urged": "bell-ringing",
    "task.reminded": "clock",
    "task.overdue": "alert-octagon",
    "task.escalated": "stairs-up",
    "instance.amended": "pencil",
    "instance.data_edited": "pencil",
    "instance.migrated": "versions",
    "instance.migration_undone": "arrow-back-up",
    "instance.token_moved": "arrows-move",
    "instance.cancelled": "ban",
    "instance.suspended": "player-pause",
    "instance.resumed": "player-play",
    "instance.ended": "circle-check",
}
WORDS: dict[str, Any] = {
    "instance.started": lazy_("发起"),
    "task.claimed": lazy_("签收"),
    "task.unclaimed": lazy_("退回待签收"),
    "task.reassigned": lazy_("转办"),
    "task.delegated": lazy_("委派"),
    "task.handed_back": lazy_("交回"),
    "task.taken_back": lazy_("拿回"),
    "task.copy_withdrawn": lazy_("收回抄送"),
    "task.returned": lazy_("退回"),
    "task.withdrawn": lazy_("撤回"),
    "task.copied": lazy_("抄送"),
    "task.signer_added": lazy_("加签"),
    "task.signer_removed": lazy_("减签"),
    "task.decided": lazy_("签署结论"),
    "task.extension_requested": lazy_("提出申请"),
    "task.extended": lazy_("延期"),
    "task.paused": lazy_("中止计时"),
    "task.resumed": lazy_("恢复计时"),
    "task.rescheduled": lazy_("期限重算"),
    "timer.rescheduled": lazy_("改期"),
    "children.called": lazy_("发起子流程"),
    "children.finished": lazy_("子流程都已结束"),
    "child.cancelled": lazy_("子流程作废"),
    "child.failed": lazy_("子流程没有发起成功"),
    "message.received": lazy_("收到消息"),
    "signal.received": lazy_("收到信号"),
    "task.urged": lazy_("催办"),
    "task.reminded": lazy_("临期提醒"),
    "task.overdue": lazy_("超期"),
    "task.cancelled": lazy_("撤销步骤"),
    "instance.amended": lazy_("更正"),
    "instance.data_edited": lazy_("改数据"),
    "instance.migrated": lazy_("流程更新到新版本"),
    "instance.migration_undone": lazy_("流程回到原版本"),
    "instance.token_moved": lazy_("调整办理步骤"),
    "instance.cancelled": lazy_("作废"),
    "instance.suspended": lazy_("中止"),
    "instance.resumed": lazy_("恢复"),
    "instance.ended": lazy_("办结"),
}
# What is no news to a reader: every step's arrival, timers, faults, and remarks (they stand in the discussion).
_SILENT = (
    "task.created", "task.commented", "timer.fired", "incident.raised", "incident.retried", "incident.resolved",
    "message.sent", "signal.sent", "child.started", "child.ended",
)  # fmt: skip
_HEARD = ("message.received", "signal.received")
_REQUESTED = "task.extension_requested"
URGING = ("task.urged", "task.reminded", "task.overdue", "task.escalated")


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    icon: str
    title: str
    who: str
    org: str
    at: dt.datetime
    text: str = ""
    spent: str = ""
    tone: str = ""  # green, red
    files: int = 0
    now: bool = False
    event: str = ""
    about: str = ""  # the instance of a request that was made


def timeline(
    session: Session, loaded: Loaded, instance_id: str, tasks: Sequence[HumanTask], office: Office
) -> list[Entry]:
    """Everything that happened, newest first."""
    by_id = {task.id: task for task in tasks}
    rows = session.scalars(
        sa.select(History)
        .where(History.instance_id == instance_id, History.event.not_in(_SILENT))
        .order_by(History.seq.desc())
    ).all()
    asked = _asked_for(session, rows)
    pinned = [_open(task) for task in reversed(tasks) if task.status == "open"]
    told = [entry for row in rows if (entry := _entry(row, by_id, loaded, office))]
    told = [replace(entry, text=asked.get(entry.about, "")) if entry.about else entry for entry in told]
    return pinned + told


def _asked_for(session: Session, rows: Sequence[History]) -> dict[str, str]:
    """What each request was: more time, an appeal, that it cannot be done."""
    ids = [(row.data or {}).get("instance_id") for row in rows if row.event == _REQUESTED]
    found = sa.select(Instance.id, Instance.title).where(Instance.id.in_(ids))
    return {row.id: row.title for row in session.execute(found)} if ids else {}


def has_pool(task: HumanTask) -> bool:
    """Whether anybody can claim it. Where the step's words name nobody who exists it waits with an incident."""
    return task.role is not None or task.org_id is not None


def _open(task: HumanTask) -> Entry:
    text = _("%(step)s　办理中", step=bilingual(task.name_zh, task.name_en))
    if task.assignee_id is None:
        step = bilingual(task.name_zh, task.name_en)
        text = (
            _("%(step)s　待签收", step=step) if has_pool(task) else _("%(step)s　找不到办理人，待管理员处理", step=step)
        )
    return Entry(ICONS["now"], text, task.assignee_name, "", task.created_at, now=True)


def _entry(row: History, tasks: Mapping[str, HumanTask], loaded: Loaded, office: Office) -> Entry | None:
    task = tasks.get(row.task_id or "")
    step = bilingual(task.name_zh, task.name_en) if task else ""
    data = row.data or {}
    common: dict[str, Any] = {"who": _who(row), "org": row.actor_org, "at": row.at, "event": row.event}
    if row.event == "task.completed" and task is not None:
        view = _deadline(task, office)
        return Entry(
            ICONS[row.event],
            _voted(loaded, task, step, data),
            **common,
            text=_remark(loaded, task.form, data.get("answers") or {}),
            spent=_spent(task, office, view),
            tone="red" if task.late else "green",
            files=_files(loaded, task.form, data.get("answers") or {}),
        )
    if row.event == "task.escalated":
        title = _("超期升级第 %(level)s 级", level=data.get("level") or 1)
        return Entry(ICONS[row.event], title, **common, text=step, tone="red")
    if row.event == "instance.started":
        return Entry(ICONS[row.event], _start_title(loaded), **common)
    words = WORDS.get(row.event) or web.event_words.get(row.event)
    if words is None:
        node = loaded.nodes.get(row.node_id or "")
        if node is None or not node.name:
            return None
        words = bilingual(node.name, node.name_en)
    text = _heard(row, loaded) if row.event in _HEARD else _said(row.event, data)
    title = str(words) if not step or row.event.startswith("instance.") else f"{words}　{step}"
    tone = "red" if row.event == "task.overdue" else ""
    about = str(data.get("instance_id") or "") if row.event == _REQUESTED else ""
    return Entry(ICONS.get(row.event, ICONS["other"]), title, **common, text=text, tone=tone, about=about)


def _who(row: History) -> str:
    if away := (row.data or {}).get("for_name"):
        return _("%(name)s（代%(other)s办理）", name=row.actor_name, other=away)
    return _("系统") if row.actor_id is None and row.actor_name == SYSTEM.name else row.actor_name


def _voted(loaded: Loaded, task: HumanTask, step: str, data: Mapping[str, Any]) -> str:
    """One of several signatures says how it went: 会签　同意"""
    if "vote" not in data:
        return step
    called = vote_labels(loaded.form(task.form), str(task.properties.get("vote") or "decision"))
    return "　".join(part for part in (step, called.get(str(data["vote"]), "")) if part)


# Events that put a task into other hands: which name of the line tells it, and how.
_HANDED: dict[str, tuple[str, Any]] = {
    "task.reassigned": ("to_name", lazy_("转给%(name)s")),
    "task.delegated": ("to_name", lazy_("委派给%(name)s")),
    "task.handed_back": ("to_name", lazy_("交回给%(name)s")),
    "task.taken_back": ("from_name", lazy_("从%(name)s处拿回")),
    "task.signer_added": ("name", "%(name)s"),
    "task.signer_removed": ("name", "%(name)s"),
}


def _said(event: str, data: Mapping[str, Any]) -> str:
    """What stands under the line: to whom or until when, and the reason."""
    reason = str(data.get("text") or data.get("reason") or "")
    what = ""
    if event in _HANDED and data.get(_HANDED[event][0]):
        key, words = _HANDED[event]
        what = str(words) % {"name": data[key]}
    elif event == "task.copy_withdrawn":
        what = _("、").join(str(name) for name in data.get("to") or [])
    elif event == "task.returned":
        what = _("退回到%(step)s", step=bilingual(data.get("to_zh"), data.get("to_en")))
    elif event == "task.decided":
        passed = _("通过") if data.get("outcome") == "agree" else _("不通过")
        counted = _("同意 %(n)s", n=data.get("agreed")), _("不同意 %(n)s", n=data.get("disagreed"))
        what = _("，").join((passed, *counted))
    elif event in ("task.extended", "task.resumed", "task.rescheduled", "timer.rescheduled"):
        what = _moved(data)
        reason = "" if reason == "calendar" else reason
    elif event in ("children.called", "children.finished"):
        what = _("%(n)s 项", n=data.get("number") or data.get("total") or 0)
    return "　".join(part for part in (what, reason) if part)


def _heard(row: History, loaded: Loaded) -> str:
    """What waited for the message, by its name in the diagram; the message's own name is one for programs."""
    node = loaded.nodes.get(row.node_id or "")
    return bilingual(node.name, node.name_en) if node else ""


def _moved(data: Mapping[str, Any]) -> str:
    """4月24日 24:00 → 5月10日 24:00"""
    now = web.clock().now()
    ends = [dt.datetime.fromisoformat(str(data[key])) for key in ("from", "to") if data.get(key)]
    return " → ".join(instant_text(at, now) for at in ends)


def _start_title(loaded: Loaded) -> str:
    form = loaded.form(loaded.manifest.get("start_form"))
    title = (form or {}).get("title") or {}
    named = bilingual(title.get("zh"), title.get("en")) if isinstance(title, dict) else str(title)
    return named or str(WORDS["instance.started"])


def _fields(form: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return list((form or {}).get("fields") or [])


def _remark(loaded: Loaded, name: str | None, answers: Mapping[str, Any]) -> str:
    """What the person wrote: the last long text of the form that was filled in."""
    texts = [str(answers.get(f["name"]) or "") for f in _fields(loaded.form(name)) if f.get("kind") == "textarea"]
    return next((text for text in reversed(texts) if text), "")


def _files(loaded: Loaded, name: str | None, answers: Mapping[str, Any]) -> int:
    kinds = [f for f in _fields(loaded.form(name)) if f.get("kind") in ("photos", "files")]
    return sum(len(answers.get(f["name"]) or []) for f in kinds)


def _deadline(task: HumanTask, office: Office) -> DeadlineView:
    return deadline_view(
        office,
        web.clock().now(),
        due_at=task.due_at,
        started_at=task.clock_started_at,
        basis=task.due_basis,
        finished_at=task.completed_at,
    )


def _spent(task: HumanTask, office: Office, view: DeadlineView) -> str:
    """用时 6 时，限 1 工作日: on the clock that the limit counts."""
    start, end = task.clock_started_at or task.created_at, task.completed_at
    if end is None:
        return ""
    unit = str((task.due_basis or {}).get("unit") or "calendar")
    days = (local(end).date() - local(start).date()).days
    if unit == "work":
        span = work_span(office.work_seconds(start, end), office.hours(local(end).date()).seconds)
    else:
        span = days_text(days) if days else clock_span(int((end - start).total_seconds()))
    used = _("用时 %(span)s", span=span)
    return _("%(used)s，%(limit)s", used=used, limit=view.limit_text) if view.limit_text else used
