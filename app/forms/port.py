"""What the engine asks of forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app import files
from app.audit import Actor
from app.engine import Choice, Forms
from app.forms import checking, filling, schemas
from app.forms.situation import Situation, Spec


class FormFiles(Forms):
    """Checks and validates the form files of processes. `attended=False`: nothing outside the form is looked at."""

    def __init__(self, *, attended: bool = True) -> None:
        self._attended = attended

    def check(self, name: str, content: bytes) -> list[tuple[str, str, str]]:
        return checking.check(name, content)

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
        if not self._attended:
            return schemas.validate(form, answers, Situation(now, data))
        return schemas.validate(form, answers, Situation(now, data, session, actor, instance_id=instance_id))

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
        ids = list(file_ids(form["fields"], answers))
        if ids and self._attended:
            files.attach(session, ids, by=actor, now=now, instance_id=instance_id)

    def choices(self, form: Mapping[str, Any]) -> list[Choice]:
        return filling.choices(form)

    def fill(
        self,
        form: Mapping[str, Any],
        *,
        data: Mapping[str, Any],
        now: dt.datetime,
        choose: Callable[[str], Any],
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        return filling.Filling(Situation(now, data), choose, given).answers(form["fields"], data)

    def unattended(self) -> FormFiles:
        return FormFiles(attended=False)


def file_ids(specs: Sequence[Spec], answers: Mapping[str, Any]) -> Iterator[str]:
    """All files that validated answers name, those in rows too."""
    for spec in specs:
        value = answers.get(spec["name"]) if "name" in spec else None
        if not value:
            continue
        if spec["kind"] in ("photos", "files"):
            yield from value
        elif spec["kind"] == "group":
            for row in value if isinstance(value, list) else [value]:
                yield from file_ids(spec["fields"], row)
