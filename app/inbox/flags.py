"""标记: what is out of the ordinary about a task, at most two a row, the most pressing first."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app import web
from app.engine import HumanTask
from app.i18n import _
from app.inbox import queries
from app.inbox.signatures import POLICIES

MOST = 2
ICONS = {
    "urged": "bell-ringing",
    "returned": "arrow-back-up",
    "extended": "calendar-plus",
    "signing": "signature",
    "added": "user-plus",
    "delegated": "user-share",
    "round": "repeat",
}
Flag = tuple[str, str, str]  # text, icon, class


def flags_of(session: Session, tasks: Iterable[HumanTask]) -> dict[str, list[Flag]]:
    """By task id."""
    rows = list(tasks)
    rounds, returns = queries.rounds(session, rows), queries.returns(session, rows)
    return {task.id: _flags(session, task, rounds.get(task.id, 1), returns.get(task.id, 0))[:MOST] for task in rows}


def _flags(session: Session, task: HumanTask, round_: int, returned: int) -> list[Flag]:
    found: list[Flag] = []
    if task.urges:
        found.append((_("催办 %(n)s", n=task.urges), ICONS["urged"], "is-urge"))
    if task.delegated_by_id and task.status == "open":
        found.append((_("%(name)s委派", name=task.delegated_by_name), ICONS["delegated"], ""))
    if returned:
        found.append((_("退回 %(n)s", n=returned), ICONS["returned"], ""))
    if task.extensions:
        found.append((_("延期 %(n)s", n=task.extensions), ICONS["extended"], ""))
    found += _signing(session, task)
    if round_ > 1 and not returned:
        found.append((_("第 %(n)s 次", n=round_), ICONS["round"], ""))
    return found


def _signing(session: Session, task: HumanTask) -> list[Flag]:
    tally = web.engine().tally(session, task)
    if tally is None:
        return []
    signed = len(tally.votes)
    progress = (f"{POLICIES.get(tally.policy, tally.policy)} {signed}/{tally.of}", ICONS["signing"], "")
    added = any(signer.added_by for signer in tally.signers)
    return [progress, *([(_("加签"), ICONS["added"], "")] if added else [])]
