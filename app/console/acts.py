"""Operating instances and incidents, one way for pages and programs: one by one, or many with a result for each.

What the person may not see is NotFound before anything else, what their role does not do is Forbidden.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app import web
from app.console import access, queries
from app.errors import DubanError, Forbidden, Invalid
from app.i18n import _

log = logging.getLogger("duban.console")
MOST = 200  # rows in one batch


def suspend(instance_id: str, reason: str) -> None:
    queries.instance_for(web.db.session(), instance_id, web.current_user(), *access.CONSOLE)
    web.refresh()
    web.engine().suspend(instance_id, reason, by=web.actor())
    web.refresh()


def resume(instance_id: str, reason: str) -> None:
    queries.instance_for(web.db.session(), instance_id, web.current_user(), *access.CONSOLE)
    web.refresh()
    web.engine().resume(instance_id, reason, by=web.actor())
    web.refresh()


def cancel(instance_id: str, reason: str) -> None:
    """作废 an instance and what it started: the committee office alone."""
    queries.instance_for(web.db.session(), instance_id, web.current_user(), *access.OFFICE)
    web.refresh()
    web.engine().cancel(instance_id, reason, by=web.actor())
    web.refresh()


def move_token(instance_id: str, from_node: str, to_node: str, reason: str, rev: int | None) -> None:
    """移动令牌: whoever suspends and resumes may. What the engine refuses nobody may."""
    queries.instance_for(web.db.session(), instance_id, web.current_user(), *access.CONSOLE)
    web.refresh()
    web.engine().move_token(instance_id, from_node, to_node, reason, by=web.actor(), rev=rev)
    web.refresh()


def edit_data(instance_id: str, changes: Mapping[str, Any], reason: str, rev: int | None) -> None:
    """改数据: who may see them decides who may; the committee office, not the system administrator."""
    user = web.current_user()
    queries.instance_for(web.db.session(), instance_id, user, *access.OFFICE)
    if not access.sees_data(user):
        raise Forbidden()
    web.refresh()
    web.engine().edit_data(instance_id, changes, reason, by=web.actor(), rev=rev)
    web.refresh()


def retry(incident_id: str) -> bool:
    """Whether it went through. A further failure keeps the incident open, with one more attempt counted."""
    queries.incident_for(web.db.session(), incident_id, web.current_user(), *access.CONSOLE)
    web.refresh()
    went = web.engine().retry(incident_id, by=web.actor())
    web.refresh()
    return went


def reschedule(timer_id: str, due_at: dt.datetime, reason: str) -> None:
    queries.timer_for(web.db.session(), timer_id, web.current_user(), *access.CONSOLE)
    web.refresh()
    web.engine().reschedule(timer_id, due_at, reason, by=web.actor())
    web.refresh()


@dataclass(frozen=True)
class Result:
    """What became of one row of a batch."""

    id: str
    ok: bool
    status: int = 200
    code: str = ""
    detail: str = ""


_VERBS: dict[str, Callable[[str, str], None]] = {"suspend": suspend, "resume": resume, "cancel": cancel}


def switch_all(verb: str, ids: Iterable[str], reason: str) -> list[Result]:
    """Suspend, resume or cancel each instance for itself: one that cannot be does not hold up the others."""
    wanted = _wanted(ids)
    if verb not in _VERBS:
        raise Invalid({"verb": [_("不支持这种批量操作")]})
    if not reason.strip() and verb != "resume":
        raise Invalid({"reason": [_("请写明原因")]})
    return [_one(instance_id, lambda each: _VERBS[verb](each, reason)) for instance_id in wanted]


def retry_all(ids: Iterable[str]) -> list[Result]:
    """Retry each incident for itself. `ok` says whether it went through."""
    return [_one(incident_id, _retried) for incident_id in _wanted(ids)]


class _FailedAgain(DubanError):
    """The retry was stored and failed: the incident stays open."""

    status, code = 200, "failed_again"


def _retried(incident_id: str) -> None:
    if not retry(incident_id):
        raise _FailedAgain(_("再次失败，异常仍未解除"))


def _wanted(ids: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise Invalid({"ids": [_("没有选择任何一项")]})
    if len(wanted) > MOST:
        raise Invalid({"ids": [_("一次最多 %(n)s 项", n=MOST)]})
    return wanted


def _one(row_id: str, act: Callable[[str], None]) -> Result:
    try:
        act(row_id)
    except DubanError as refused:
        web.refresh()
        return Result(row_id, False, refused.status, refused.code, why(refused))
    except Exception:  # a record's own fault (its on_cancel, say) must not leave the rest of the batch undone
        log.exception("batch, row %s", row_id)
        web.refresh()
        return Result(row_id, False, 500, "fault", _("系统出错，这一项没有变化"))
    return Result(row_id, True)


def why(refused: DubanError) -> str:
    """The words of a refusal."""
    if isinstance(refused, Invalid):
        said = [str(message) for messages in refused.errors.values() for message in messages]
        return _("；").join(said) or str(refused.detail)
    return str(refused.detail)
