"""What the engine needs from outside, and the plain values that cross its border."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.audit import Actor


@dataclass(frozen=True)
class Due:
    """A computed deadline.

    `amber_at` is the instant at which 80 % of the limit is used on the clock that counts it. `basis` is
    shown with the deadline: {"text_zh", "text_en", "unit": "work"|"calendar"|"hours", "rule", "legal_basis",
    "end": "day"|"office"|"exact", "estimated": bool}.
    """

    at: dt.datetime
    amber_at: dt.datetime
    basis: Mapping[str, Any] = field(default_factory=dict)


class Hours(Protocol):
    """The office hours of a day: local times in order, without overlap."""

    @property
    def periods(self) -> Sequence[tuple[dt.time, dt.time]]: ...


class OfficeDays(Protocol):
    """Which days are worked, and when, as plain arithmetic."""

    def is_work_day(self, day: dt.date) -> bool: ...

    def hours(self, day: dt.date) -> Hours: ...


class Calendar(Protocol):
    """Deadlines on the office's calendar. Implemented by app.calendars."""

    def due(self, session: Session, text: str, start: dt.datetime, evaluate: Callable[[str], Any]) -> Due:
        """The deadline that `text` (see deadline_text.py) gives for a clock that starts at `start`."""

    def offset(self, session: Session, text: str, base: dt.datetime) -> dt.datetime:
        """The instant of a reminder or rung, e.g. `-3 work_days` before `base`, at the firing hour 08:30."""

    def rules(self) -> frozenset[str]:
        """Names of the deadline rules, for the check; must not need a database."""

    def elapsed(self, session: Session, unit: str, start: dt.datetime, end: dt.datetime) -> int:
        """Seconds between two instants on the clock of a deadline: office time for the unit `work`, else real time."""

    def run_on(self, session: Session, basis: Mapping[str, Any], start: dt.datetime, seconds: int) -> dt.datetime:
        """The deadline of a clock that has `seconds` left at `start`: it ends where the basis says its days end."""

    def given(self, session: Session, basis: Mapping[str, Any], start: dt.datetime, at: dt.datetime) -> Due:
        """A deadline that somebody set at `start`, on the clock of the one before."""

    def standing(self, session: Session) -> tuple[Calendar, OfficeDays]:
        """The same calendar as it stands now, read once: for whoever counts ten thousand deadlines on end."""


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    org_id: str | None
    org_name: str


class Directory(Protocol):
    """Who is who. Implemented by app.accounts."""

    def person(self, session: Session, user_id: str) -> Person | None:
        """An active person, or None."""

    def organisation(self, session: Session, value: object) -> str | None:
        """The id of the organisation that an id, a code or a name means."""

    def is_candidate(self, session: Session, user_id: str, role: str | None, org_id: str | None) -> bool:
        """Whether the person may take a task addressed to (role, organisation)."""

    def candidates(self, session: Session, role: str | None, org_id: str | None) -> Sequence[Person]:
        """Everybody who may take such a task."""

    def principals(self, session: Session, user_id: str, at: dt.datetime) -> Sequence[Person]:
        """The colleagues who are away at an instant and whose work this person does meanwhile (出差代理)."""

    def roles(self) -> frozenset[str]:
        """All role keys, for the check; must not need a database."""


@dataclass
class ServiceCall:
    """What a service task sees: the instance's write transaction and where in the process it is."""

    session: Session
    now: dt.datetime
    actor: Actor
    instance_id: str
    node_id: str
    data: Mapping[str, Any]
    history: Callable[..., None]  # history(event, **data): append to the instance's history


@dataclass
class TaskCheck:
    """What a task check sees: the completion that is about to happen, inside its write transaction."""

    session: Session
    now: dt.datetime
    actor: Actor
    instance_id: str
    task_id: str
    node_id: str
    answers: Mapping[str, Any]
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """A field of a form that is answered by choosing. `name` is dotted inside a group: `conclusions.result`."""

    name: str
    label: Mapping[str, str]
    options: tuple[tuple[Any, Mapping[str, str], str], ...]  # value, label, tone (green, red: a conclusion)
    default: Any = None


class Forms(Protocol):
    """Form files: checked, and answers validated by them. Implemented by app.forms, given by `engine.use_forms`.

    `form` is a parsed form file (the content of forms/<form>.json). None of these commits.
    """

    def check(self, name: str, content: bytes) -> Sequence[tuple[str, str, str]]:
        """Every problem of a form file as (path, Chinese, English), path as in `fields[2].options`."""

    def validate(
        self,
        session: Session,
        form: Mapping[str, Any],
        answers: Mapping[str, Any],
        *,
        data: Mapping[str, Any],
        actor: Actor,
        instance_id: str | None,
        now: dt.datetime,
    ) -> dict[str, Any]:
        """The answers as plain JSON-like values, one for every field that shows; raises errors.Invalid per field."""

    def keep(
        self,
        session: Session,
        form: Mapping[str, Any],
        answers: Mapping[str, Any],
        *,
        instance_id: str,
        actor: Actor,
        now: dt.datetime,
    ) -> None:
        """Tie the files named in validated answers to the instance; inside its write transaction."""

    def choices(self, form: Mapping[str, Any]) -> Sequence[Choice]:
        """The fields that are answered by choosing among what the file itself offers, in order."""

    def fill(
        self,
        form: Mapping[str, Any],
        *,
        data: Mapping[str, Any],
        now: dt.datetime,
        choose: Callable[[str], Any],
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Answers that a rehearsal sends: `choose(name)` for what is chosen (None: the default), `given` where it
        has an answer, else whatever the field takes. They still have to be validated.
        """

    def unattended(self) -> Forms:
        """The same for rehearsals and scenarios: no look at people, records and files, which do not exist there."""


ServiceFunction = Callable[..., Mapping[str, Any] | None]
CheckFunction = Callable[[TaskCheck], Mapping[str, Sequence[Any]]]
