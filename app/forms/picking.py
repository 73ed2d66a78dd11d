"""Who and what can be picked: people and organisations here; records through a registry that their slices fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, User, find_people, organisation_options, people_options, visible_organisations
from app.forms.situation import Situation, Spec, given
from app.i18n import _, bilingual

Options = list[tuple[str, str]]
SHOWN = 20  # records offered before anything is searched for
LISTED = 200  # people and organisations that a select still holds
EASY = 15  # with more than these to choose from, a search box helps


class Picker(NamedTuple):
    """How the records of a kind are picked. A plain tuple of the three functions will do in the registry."""

    options: Callable[[Session, Any, str], Options]  # (session, user, q) → (id, label), only what the user may see
    label: Callable[[Session, str], str]  # (session, id) → label, "" where there is none
    check: Callable[[Session, Any, str], bool]  # (session, user, id) → whether the user may pick it


# Picker name → its functions. `subject` is what the field kind `subject` takes when it names no other picker.
pickers: dict[str, Picker | tuple[Any, Any, Any]] = {}


def picker_name(spec: Spec) -> str:
    return spec.get("picker", "subject") if spec["kind"] == "subject" else str(spec["kind"])


def filters_of(spec: Spec, situation: Situation) -> dict[str, str]:
    """How a field narrows its picker: {"role", "org"} for people, {"org_kind"} for organisations."""
    found = {name: given(spec.get(name), "", situation) for name in ("role", "org", "org_kind")}
    return {name: str(value) for name, value in found.items() if value}


def find(session: Session, user: Any, name: str, q: str, filters: dict[str, str]) -> Options:
    """What is offered for a search text."""
    if name == "user":
        return people_options(session, user, q=q, role=filters.get("role"), org_id=filters.get("org"))
    if name == "organisation":
        return organisation_options(session, user, kind=filters.get("org_kind"), q=q)
    if name not in pickers:
        return []
    return Picker(*pickers[name]).options(session, user, q)[: LISTED if q else SHOWN]


def label_of(session: Session, name: str, value: str) -> str:
    """What a stored id is called; the id itself where the record is gone. For records already in the process."""
    if name == "user":
        person = session.get(User, value)
        return f"{person.name}　{person.organisation.short_name}" if person else value
    if name == "organisation":
        org = session.get(Organisation, value)
        return bilingual(org.name, org.name_en) if org else value
    return (Picker(*pickers[name]).label(session, value) if name in pickers else "") or value


def may_pick(session: Session, user: Any, name: str, value: str, filters: dict[str, str]) -> bool:
    """Whether this person may give this id as an answer. The system (no user) may give whatever exists."""
    if name == "user":
        people = find_people(user, role=filters.get("role"), org_id=filters.get("org"))
        return session.scalar(people.with_only_columns(User.id).order_by(None).where(User.id == value)) is not None
    if name == "organisation":
        known = sa.select(Organisation) if user is None else visible_organisations(user)
        select = known.with_only_columns(Organisation.id).where(Organisation.active, Organisation.id == value)
        if filters.get("org_kind"):
            select = select.where(Organisation.kind == filters["org_kind"])
        return session.scalar(select) is not None
    if name not in pickers:
        return False
    picker = Picker(*pickers[name])
    return bool(picker.label(session, value)) if user is None else picker.check(session, user, value)


def not_theirs(session: Session, user: Any, given: Mapping[str, tuple[str, str | None]]) -> dict[str, list[str]]:
    """Errors for ids that this person may not give: field → (picker, id). Nothing given is no error."""
    return {
        field: [_("没有这一项，或者您无权选择")]
        for field, (name, value) in given.items()
        if value and not may_pick(session, user, name, value, {})
    }
