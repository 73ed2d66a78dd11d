"""The two draws of 双随机: made once when the inspection is planned, kept with all that is needed to repeat them.

Nobody sees a result before it is binding, so nobody can draw until it pleases: the draw is part of planning. The
candidates are frozen and hashed before the seed exists. A candidate's place is SHA-256("seed:id") (app.subjects).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.audit import Actor
from app.inspections.models import Draw
from app.inspections.planning.choosing import Candidates
from app.subjects import draw, drawing_order, new_seed, place_of


def fingerprint(candidates: Iterable[str]) -> str:
    """SHA-256 over the sorted ids, one a line."""
    return hashlib.sha256("\n".join(sorted(candidates)).encode()).hexdigest()


def make(
    session: Session,
    inspection_id: str,
    kind: str,
    candidates: Candidates,
    count: int,
    criteria: Mapping[str, Any],
    *,
    by: Actor,
    now: dt.datetime,
) -> Draw:
    """Draw and keep. ValueError where there are fewer candidates than are to be drawn."""
    frozen, seed = list(candidates.ids), new_seed()
    made = Draw(
        inspection_id=inspection_id,
        kind=kind,
        criteria=dict(criteria),
        candidates=frozen,
        candidates_hash=fingerprint(frozen),
        excluded=candidates.excluded,
        seed=seed,
        count=count,
        drawn=draw(frozen, count, seed),
        made_at=now,
        made_by_id=by.id,
        made_by_name=by.name,
    )
    session.add(made)
    session.flush()
    return made


@dataclass(frozen=True)
class Place:
    """One candidate in the order that the seed gives."""

    id: str
    place: int
    code: str  # hex SHA-256
    drawn: bool


@dataclass(frozen=True)
class Verdict:
    """Whether a draw comes out again as it is kept."""

    same_candidates: bool
    same_result: bool
    places: list[Place]

    @property
    def holds(self) -> bool:
        return self.same_candidates and self.same_result


def verify(made: Draw) -> Verdict:
    """Draw once more from what is kept and compare."""
    order = drawing_order(made.candidates, made.seed)
    again = order[: made.count]
    places = [
        Place(one, place, place_of(one, made.seed), place <= made.count) for place, one in enumerate(order, start=1)
    ]
    return Verdict(fingerprint(made.candidates) == made.candidates_hash, again == made.drawn, places)
