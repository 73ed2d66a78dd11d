"""What several people who sign one step share: the tally, and the ladder, which hangs on one of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from app.db import new_id
from app.engine.models import HumanTask, Timer
from app.engine.models import Signing as SigningRow
from app.engine.packages.words import words_of
from app.engine.running import step_timers
from app.engine.running.checkout import Turn
from app.engine.running.services import as_json
from app.engine.running.signing import Signing

_TASK, _TIMER, _SIGNING = HumanTask.__table__, Timer.__table__, SigningRow.__table__


def store_tally(turn: Turn, node_id: str, signing: Signing) -> None:
    """The row of this round, as lists and pages read it."""
    values = {
        "outcome": signing.outcome,
        "agreed": signing.agreed,
        "disagreed": signing.disagreed,
        "of": signing.of,
        "needed": signing.needed,
        "signers": as_json(signing.signers),
        "votes": as_json(signing.votes),
        "decided_at": turn.now if signing.outcome else None,
    }
    known = turn.session.execute(sa.update(_SIGNING).where(_SIGNING.c.id == signing.id).values(**values))
    if known.rowcount == 0:  # type: ignore[attr-defined]
        turn.session.execute(
            sa.insert(_SIGNING).values(
                id=signing.id,
                instance_id=turn.id,
                node_id=node_id,
                policy=signing.words.policy,
                began_at=turn.now,
                **values,
            )
        )


def carry_ladder(turn: Turn, signing: Signing) -> None:
    """The step climbs its ladder once, not once for each signer: the rungs hang on one open row.

    When that row is signed, the next one carries those that are left, at the instants that its own deadline gives.
    """
    if not signing.words.ladder:
        return
    rows = (
        turn.session.execute(sa.select(_TASK).where(_TASK.c.signing_id == signing.id).order_by(_TASK.c.id))
        .mappings()
        .all()
    )
    opened = [row for row in rows if row["status"] == "open" and row["due_at"] is not None]
    if not opened or any(words_of(row["properties"]).ladder for row in opened):
        return
    _hang(turn, dict(opened[0]), signing, _climbed(turn, rows))


def _climbed(turn: Turn, rows: Sequence[Any]) -> set[Any]:
    """The rungs that the step has had, in the present round of the clock of the row that they hung on."""
    rounds = {row["id"]: row["clock_round"] or 0 for row in rows}
    select = sa.select(_TIMER.c.task_id, _TIMER.c.detail).where(
        _TIMER.c.task_id.in_(list(rounds)), _TIMER.c.kind == "ladder", _TIMER.c.state != "cancelled"
    )
    found = turn.session.execute(select).all()
    return {row.detail.get("level") for row in found if (row.detail.get("round") or 0) == rounds[row.task_id]}


def _hang(turn: Turn, row: Mapping[str, Any], signing: Signing, had: set[Any]) -> None:
    ladder = turn.loaded.nodes[row["node_id"]].properties["ladder"]
    turn.session.execute(
        sa.update(_TASK).where(_TASK.c.id == row["id"]).values(properties=row["properties"] | {"ladder": ladder})
    )
    number = row["clock_round"] or 0
    for kind, at, detail in step_timers.planned(turn, replace(signing.words, remind=()), row["due_at"]):
        if kind != "ladder" or detail["level"] in had:
            continue
        turn.session.execute(
            sa.insert(_TIMER).values(
                id=new_id(),
                instance_id=turn.id,
                task_id=row["id"],
                spiff_task_id=None,
                node_id=row["node_id"],
                kind=kind,
                detail=detail | ({"round": number} if number else {}),
                due_at=at,
                original_due_at=at,
                state="paused" if row["paused_at"] else "waiting",
                attempts=0,
                fence=0,
            )
        )
