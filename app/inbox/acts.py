"""The verbs of a task for the signed-in person, one way for pages and programs.

A task that the person may not see is NotFound before anything else; whether they may act is the engine's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app import web
from app.accounts import User
from app.audit import Actor
from app.db import UNAVAILABLE, is_locked
from app.engine import Completed, GoneBack, Started
from app.errors import Busy, DubanError, Invalid, NotFound
from app.i18n import _, filled, lazy_
from app.inbox import queries

MOST = 200  # tasks in one batch
MOST_BUSY = 3  # that others hold and that are waited for, a second each; the rest of the batch is not tried then


def _seen(task_id: str) -> Actor:
    """Who acts, after it is sure that they may see the task; else NotFound.

    Ends the request's read transaction: what is read after the verb must not be from before it, and nothing is held
    open while it runs.
    """
    session, actor = web.db.session(), web.actor()
    if not queries.is_at_hand(session, task_id, web.signed_in()):
        queries.task_to_act_on(session, task_id, web.current_user())
    session.rollback()
    return actor


def claim(task_id: str) -> None:
    by = _seen(task_id)
    web.engine().claim(task_id, by=by)
    web.refresh()


def unclaim(task_id: str) -> None:
    by = _seen(task_id)
    web.engine().unclaim(task_id, by=by)
    web.refresh()


def complete(
    task_id: str,
    answers: Mapping[str, Any],
    rev: int | None = None,
    foretell: Callable[[Completed], None] | None = None,
) -> Completed:
    by = web.actor()
    if by.id is None:  # the system may do anything, and nobody who is not signed in is the system
        raise NotFound()
    web.db.session().rollback()
    try:
        done = web.engine().complete(task_id, answers, by=by, rev=rev, foretell=foretell)
    except DubanError:
        _seen(task_id)  # whoever may act may see it; only who is refused may be somebody who must not know of it
        raise
    web.refresh()
    return done


def save_draft(task_id: str, values: Mapping[str, Any]) -> None:
    by = _seen(task_id)
    web.engine().save_draft(task_id, values, by=by)
    web.refresh()


def reassign(task_id: str, to: str, reason: str) -> None:
    by = _seen(task_id)
    web.engine().reassign(task_id, to, reason=reason, by=by)
    web.refresh()


def delegate(task_id: str, to: str, reason: str) -> None:
    """委派. Only to colleagues who may see business at all."""
    by = _seen(task_id)
    if web.db.session.scalar(queries.colleagues(web.current_user()).where(User.id == to)) is None:
        raise Invalid({"to": [_("没有这个人，或者不在可选范围内")]})
    web.db.session.rollback()
    web.engine().delegate(task_id, to, reason=reason, by=by)
    web.refresh()


def hand_back(task_id: str, text: str) -> None:
    by = _seen(task_id)
    web.engine().hand_back(task_id, text, by=by)
    web.refresh()


def take_back(task_id: str) -> None:
    by = _seen(task_id)
    web.engine().take_back(task_id, by=by)
    web.refresh()


def send_back(task_id: str, to_node: str, reason: str) -> GoneBack:
    by = _seen(task_id)
    gone = web.engine().send_back(task_id, to_node, reason, by=by)
    web.refresh()
    return gone


def withdraw(task_id: str, reason: str) -> GoneBack:
    """What one has done oneself, one has seen."""
    queries.task(web.db.session(), task_id, web.current_user())
    web.db.session.rollback()
    gone = web.engine().withdraw(task_id, reason, by=web.actor())
    web.refresh()
    return gone


def request_extension(task_id: str, answers: Mapping[str, Any]) -> Started:
    """申请延期: starts the process that the step names."""
    by = _seen(task_id)
    started = web.engine().request_extension(task_id, answers, by=by)
    web.refresh()
    return started


def pause(task_id: str, reason: str) -> None:
    by = _seen(task_id)
    web.engine().pause_clock(task_id, reason, by=by)
    web.refresh()


def resume(task_id: str, reason: str) -> None:
    by = _seen(task_id)
    web.engine().resume_clock(task_id, reason, by=by)
    web.refresh()


def add_signer(task_id: str, user_id: str, reason: str, *, next_up: bool = False) -> None:
    """加签. Only people whom this person may know of."""
    queries.task(web.db.session(), task_id, web.current_user())
    select = queries.copyable(web.current_user(), myself=True).with_only_columns(User.id).order_by(None)
    if web.db.session.scalar(select.where(User.id == user_id)) is None:
        raise Invalid({"user_id": [_("没有这个人，或者不在可选范围内")]})
    web.db.session.rollback()
    web.engine().add_signer(task_id, user_id, reason, by=web.actor(), next_up=next_up)
    web.refresh()


def remove_signer(task_id: str, user_id: str, reason: str) -> None:
    """减签."""
    queries.task(web.db.session(), task_id, web.current_user())
    web.db.session.rollback()
    web.engine().remove_signer(task_id, user_id, reason, by=web.actor())
    web.refresh()


def urge(task_id: str, text: str) -> None:
    by = _seen(task_id)
    web.engine().urge(task_id, text, by=by)
    web.refresh()


def copy(task_id: str, user_ids: Iterable[str]) -> list[str]:
    """Who had no copy before. Copies go only to people whom this person may know of."""
    by = _seen(task_id)
    wanted = list(dict.fromkeys(user_ids))
    select = queries.copyable(web.current_user()).with_only_columns(User.id).order_by(None)
    known = set(web.db.session.scalars(select.where(User.id.in_(wanted))))
    if any(user_id not in known for user_id in wanted):
        raise Invalid({"user_ids": [_("没有这个人，或者不在可选范围内")]})
    web.db.session.rollback()
    new = web.engine().copy(task_id, wanted, by=by)
    web.refresh()
    return new


def withdraw_copy(task_id: str, user_ids: Iterable[str]) -> list[str]:
    """Whose copies are gone: those that one gave and nobody has read."""
    by = _seen(task_id)
    gone = web.engine().withdraw_copy(task_id, user_ids, by=by)
    web.refresh()
    return gone


def comment(task_id: str, text: str, file_ids: Iterable[str]) -> str:
    """The id of the remark. Only for those who may read the discussion."""
    queries.task(web.db.session(), task_id, web.current_user())
    web.db.session.rollback()
    made = web.engine().comment(task_id, text, list(file_ids), by=web.actor())
    web.refresh()
    return made


@dataclass(frozen=True)
class Result:
    """What became of one task of a batch."""

    id: str
    ok: bool
    title: str = ""
    status: int = 200
    code: str = ""
    detail: str = ""


def batch(verb: str, ids: Iterable[str], *, to: str = "", text: str = "") -> list[Result]:
    """Each task for itself: one that cannot be done does not hold up the others."""
    acts: dict[str, Callable[[str], None]] = {
        "claim": claim,
        "unclaim": unclaim,
        "reassign": lambda task_id: reassign(task_id, to, text),
        "take_back": take_back,
        "urge": lambda task_id: urge(task_id, text),
    }
    wanted = list(dict.fromkeys(ids))
    if verb not in acts:
        raise Invalid({"verb": [_("不支持这种批量操作")]})
    if not wanted:
        raise Invalid({"ids": [_("没有选择任何一项")]})
    if len(wanted) > MOST:
        raise Invalid({"ids": [_("一次最多 %(n)s 项", n=MOST)]})
    if verb == "reassign":
        missing = {"to": [_("请选择接办人")]} if not to else {}
        if not text:
            missing["text"] = [_("请写明转办原因")]
        if missing:
            raise Invalid(missing)
    results: list[Result] = []
    for task_id in wanted:
        busy = sum(result.status == Busy.status for result in results)
        results.append(_one(acts[verb], task_id) if busy < MOST_BUSY else _refused(task_id, "", Busy()))
    return results


def _one(act: Callable[[str], None], task_id: str) -> Result:
    title = ""
    try:
        title = queries.task_to_act_on(web.db.session(), task_id, web.current_user()).title
        act(task_id)
    except DubanError as refused:
        web.refresh()
        return _refused(task_id, title, refused)
    except UNAVAILABLE as unavailable:
        if not is_locked(unavailable):
            raise
        web.refresh()
        return _refused(task_id, title, Busy(_("别人或系统正在办理此事项，请稍候再试")))
    return Result(task_id, True, title)


def _refused(task_id: str, title: str, refused: DubanError) -> Result:
    return Result(task_id, False, title, refused.status, refused.code, _why(refused))


def _why(refused: DubanError) -> str:
    if isinstance(refused, Invalid):
        said = [str(message) for messages in refused.errors.values() for message in messages]
        return _("；").join(said) or str(refused.detail)
    return str(refused.detail)


_DONE = {
    "claim": lazy_("已签收 %(n)s 项"),
    "unclaim": lazy_("已退回待签收 %(n)s 项"),
    "reassign": lazy_("已转办 %(n)s 项"),
    "take_back": lazy_("已拿回 %(n)s 项"),
    "urge": lazy_("已催办 %(n)s 项"),
}


def done_text(verb: str, count: int) -> str:
    return filled(str(_DONE[verb]), {"n": count})
