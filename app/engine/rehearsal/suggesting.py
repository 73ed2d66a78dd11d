"""Assumptions to begin with: from what was done with versions of the process, else from deadlines and forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.clock import local
from app.db import UNAVAILABLE
from app.engine.core import Core
from app.engine.ports import Choice
from app.engine.rehearsal.model import (
    CHILDREN,
    MAX_COUNT,
    MESSAGE,
    NATURAL,
    OFFICE,
    PER_WEEK,
    TOTAL,
    Capacity,
    Model,
    Step,
)
from app.engine.rehearsal.outline import Outline, Wait
from app.engine.rehearsal.playing import START
from app.engine.rehearsal.priors import LEAST, Priors

HAPPY, UNHAPPY, USUAL_CHOICE = 85.0, 15.0, 70.0
UNKNOWN_LIMIT = 15 * 24.0  # hours of a deadline that depends on the case
BESIDE = 0.05  # how likely an event comes that waits on the edge of a step


def suggest(engine: Core, session: Session, outline: Outline, priors: Priors | None = None) -> Model:
    """A model with every step, role and way of beginning that the package has."""
    priors = priors or Priors()
    steps = {node_id: _step(engine, session, wait, priors) for node_id, wait in outline.waits.items()}
    profiles = outline.profiles
    if len(profiles) == 1 and profiles[0].scenario is None and outline.start_choices:
        steps[START] = Step(answers={one.name: weights(one, {}) for one in outline.start_choices})
    rate = a_week(engine, session, priors)
    return Model(
        start=local(engine.clock.now()).date(),
        count=max(1, min(priors.a_year or 1000, 1000)),
        per=TOTAL if rate is None or rate * 52 > MAX_COUNT else PER_WEEK,
        rate=rate or 20.0,
        steps=steps,
        roles={role: Capacity(people=_people(engine, session, role)) for role in outline.roles},
        starts=tuple(1.0 for _one in profiles),
    )


def a_week(engine: Core, session: Session, priors: Priors) -> float | None:
    """Cases in a week of five work days, as they came in the last year; None where too few did to tell."""
    if priors.a_year < LEAST or priors.since is None:
        return None
    _calendar, office = engine.calendar.standing(session)
    today = local(engine.clock.now()).date()
    days = (priors.since + dt.timedelta(n) for n in range((today - priors.since).days + 1))
    return max(0.1, round(5 * priors.a_year / max(5, sum(office.is_work_day(day) for day in days)), 1))


def _step(engine: Core, session: Session, wait: Wait, priors: Priors) -> Step:
    known = priors.hours.get(wait.node.id)
    if wait.kind in (MESSAGE, CHILDREN):
        return Step(
            clock=NATURAL,
            median=known[0] if known else 72.0,
            p90=known[1] if known else 240.0,
            busy=0.0,
            chance=BESIDE if wait.beside else 1.0,
            outcomes=tuple(1.0 for _one in wait.outcomes),
        )
    answers = {one.name: weights(one, priors.answers.get((wait.node.id, one.name), {})) for one in wait.choices}
    if known is not None:
        return Step(NATURAL, known[0], known[1], answers=answers)
    limit = _limit(engine, session, wait) if wait.words.deadline else None
    if limit is None:
        return Step(OFFICE, 2.0, 8.0, answers=answers)
    return Step(NATURAL, round(limit * 0.5, 2), round(limit * 0.95, 2), answers=answers)


def _limit(engine: Core, session: Session, wait: Wait) -> float:
    """Hours that a deadline gives from now; those that depend on the case are taken for the usual ones."""
    now = engine.clock.now()
    try:
        due = engine.calendar.due(session, wait.words.deadline or "", now, _unknown)
    except UNAVAILABLE:
        raise
    except Exception:  # what is wrong with the text is the check's to say
        return UNKNOWN_LIMIT
    return max(0.5, (due.at - now) / dt.timedelta(hours=1))


def _unknown(_expression: str) -> Any:
    raise LookupError("only a case knows")


def weights(choice: Choice, counted: Mapping[str, int]) -> dict[str, float]:
    """Per cent by option: as counted, else conclusions mostly good, else mostly what the form proposes."""
    keys = [key_of(value) for value, _label, _tone in choice.options]
    total = sum(counted.get(key, 0) for key in keys)
    if total:
        return {key: round(100 * counted.get(key, 0) / total, 1) for key in keys}
    tones = [tone for _value, _label, tone in choice.options]
    bad = tones.count("red")
    if bad and bad < len(keys):
        return {
            key: round(UNHAPPY / bad if tone == "red" else HAPPY / (len(keys) - bad), 1)
            for key, tone in zip(keys, tones, strict=True)
        }
    if choice.default is not None and key_of(choice.default) in keys and len(keys) > 1:
        rest = round((100 - USUAL_CHOICE) / (len(keys) - 1), 1)
        return {key: USUAL_CHOICE if key == key_of(choice.default) else rest for key in keys}
    return {key: round(100 / len(keys), 1) for key in keys}


def key_of(value: Any) -> str:
    """An option's value as forms write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _people(engine: Core, session: Session, role: str) -> int:
    if not role:
        return 1
    return max(1, len(engine.directory.candidates(session, role, None)))
