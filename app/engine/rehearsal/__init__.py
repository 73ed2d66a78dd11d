"""Rehearsal: many cases of a draft in virtual time through the real engine, with nobody and nothing at stake.

`rehearse` plays one model and gives its figures: the same for the same package, model and calendar, whenever and
wherever it is played. Each case is moved by the engine's own acts (cases.py); who waits for whom is one event loop
(playing.py).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app import collecting
from app.clock import SHANGHAI, FixedClock
from app.engine.engine import Engine
from app.engine.packages.package import Package
from app.engine.packages.staging import stage_for
from app.engine.rehearsal.comparing import compare
from app.engine.rehearsal.figures import figures_of
from app.engine.rehearsal.model import (
    ALL_DAYS,
    CHILDREN,
    MAX_COUNT,
    MAX_DAYS,
    MESSAGE,
    NATURAL,
    OFFICE,
    PER_DAY,
    PER_WEEK,
    TASK,
    TOTAL,
    WORK_DAYS,
    Capacity,
    Model,
    Step,
    model_of,
)
from app.engine.rehearsal.outline import Outcome, Outline, Profile, Wait, outline_of
from app.engine.rehearsal.playing import START, Cancelled, Play, TookTooLong, arrivals
from app.engine.rehearsal.priors import Priors, priors_of
from app.engine.rehearsal.shifts import Shifts
from app.engine.rehearsal.suggesting import key_of, suggest

__all__ = [
    "ALL_DAYS",
    "CHILDREN",
    "MAX_COUNT",
    "MAX_DAYS",
    "MESSAGE",
    "NATURAL",
    "OFFICE",
    "PER_DAY",
    "PER_WEEK",
    "START",
    "TASK",
    "TOTAL",
    "WORK_DAYS",
    "Cancelled",
    "Capacity",
    "Model",
    "Outcome",
    "Outline",
    "Priors",
    "Profile",
    "Step",
    "TookTooLong",
    "Wait",
    "arrivals_of",
    "compare",
    "key_of",
    "model_of",
    "outline_of",
    "priors_of",
    "rehearse",
    "suggest",
]
MEMORY = "/dev/shm"  # noqa: S108 (a folder of our own is made there)
SIGNERS = 5  # people of a role whom a step that several sign asks at most


def arrivals_of(engine: Engine, session: Session, model: Model) -> int:
    """How many cases come: exactly those that `rehearse` would play on the calendar as it stands."""
    if model.per == TOTAL:
        return model.count
    _calendar, office = engine.calendar.standing(session)
    begin = dt.datetime.combine(model.start, dt.time(), tzinfo=SHANGHAI)
    return len(arrivals(model, Shifts(office), int(begin.timestamp())))


def rehearse(
    engine: Engine,
    session: Session,
    package: Package,
    model: Model,
    *,
    tell: Callable[[int, int, dt.datetime], None] | None = None,
    seconds: float = 600,
) -> dict[str, Any]:
    """Play the cases that the model has come; the figures as plain values (docs/rehearsal.md).

    `session` is read for the calendar only, once. Raises CompileError for a package that cannot run, Cancelled when
    `tell` says so, TookTooLong after so many seconds of real time.
    """
    outline = outline_of(engine, package)
    calendar, office = engine.calendar.standing(session)
    begin = dt.datetime.combine(model.start, dt.time(), tzinfo=SHANGHAI)
    folder = MEMORY if os.access(MEMORY, os.W_OK) else None
    people = {
        role: [f"{role}_{n}" for n in range(1, min(capacity.people, SIGNERS) + 1)]
        for role, capacity in model.roles.items()
    }
    with stage_for(engine, package, FixedClock(begin), people, ladders=False, folder=folder) as stage:
        stage.calendar = calendar
        with stage.sessions() as scratch:
            loaded = stage.published(scratch, package.key)
            assert loaded is not None
            with collecting.seldom():
                tally = Play(stage, scratch, loaded, outline, model, Shifts(office), tell, seconds).run()
            return figures_of(tally)
