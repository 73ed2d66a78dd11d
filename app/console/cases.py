"""办理台账 of any process: its instances with the facts that its process.toml promotes, as far as the person may see.

Names of facts come from the form fields of the same name, so that a process made in the browser needs no page of its
own. Administrators see numbers, versions and states, no facts: those are business.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.calendars import day_text
from app.clock import local
from app.console import queries
from app.engine import Definition, Engine, Fact, Instance, Loaded
from app.errors import NotFound
from app.i18n import pick

MOST_COLUMNS = 8


@dataclass(frozen=True)
class Column:
    """One promoted fact. `options` are the choices of its field: value → what it is called."""

    name: str
    label: str
    kind: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def text(self, fact: Fact | None, now: dt.datetime) -> str:
        """The value as people read it."""
        if fact is None:
            return ""
        if fact.at is not None:
            return day_text(local(fact.at).date(), local(now).date())
        if fact.number is not None and self.kind != "checkbox":
            return f"{fact.number:,.0f}" if fact.number == int(fact.number) else f"{fact.number:,}"
        value = fact.text if fact.text is not None else str(fact.number)
        return self.options.get(value, value)


@dataclass(frozen=True)
class Figure:
    """How often each choice of a fact was made, or the sum of a number."""

    column: Column
    counts: list[tuple[str, str, int]]  # value, what it is called, how many
    total: float | None = None


def version_of(session: Session, engine: Engine, key: str) -> Loaded:
    """The version in force, of a retired process the newest one. NotFound."""
    loaded = engine.published(session, key)
    if loaded is not None:
        return loaded
    select = sa.select(Definition.id).where(Definition.key == key, Definition.status == "retired")
    newest = session.scalar(select.order_by(Definition.version.desc()).limit(1))
    if newest is None:
        raise NotFound()
    return engine.definition(session, newest)


def columns(loaded: Loaded) -> list[Column]:
    """The promoted facts in the order of process.toml."""
    asked = {spec.get("name"): spec for form in _forms(loaded) for spec in form.get("fields", [])}
    found = []
    for name, expression in (loaded.package.manifest.get("facts") or {}).items():
        spec = asked.get(str(expression)) or {}
        options = {str(one.get("value")): pick(one.get("label")) for one in spec.get("options") or []}
        found.append(Column(name, pick(spec.get("label")) or name, str(spec.get("kind") or ""), options))
    return found[:MOST_COLUMNS]


def _forms(loaded: Loaded) -> Iterable[Mapping[str, Any]]:
    names = [loaded.manifest.get("start_form"), *(node.properties.get("form") for node in loaded.nodes.values())]
    return [form for name in dict.fromkeys(names) if name and (form := loaded.form(name))]


def conditions(user: Any, key: str, status: str, fact: str, value: str) -> list[Any]:
    """Instances of the process that the person sees, narrowed by state and by one fact."""
    found: list[Any] = queries.of_process(user, key)
    if status:
        found.append(Instance.status == status)
    if fact and value:
        found.append(sa.exists().where(Fact.instance_id == Instance.id, Fact.name == fact, Fact.text == value))
    return found


def rows(found: Iterable[Any]) -> sa.Select[Any]:
    return sa.select(Instance).where(*found).order_by(Instance.started_at.desc(), Instance.id)


def facts_of(session: Session, instances: Iterable[Instance]) -> dict[tuple[str, str], Fact]:
    """By instance and name."""
    select = sa.select(Fact).where(Fact.instance_id.in_([one.id for one in instances]))
    return {(fact.instance_id, fact.name): fact for fact in session.scalars(select)}


def figures(session: Session, shown: Iterable[Column], found: Iterable[Any]) -> list[Figure]:
    """Counts of what was chosen and sums of numbers, over all that is listed."""
    seen = sa.select(Instance.id).where(*found)
    made = []
    for column in shown:
        of = (Fact.name == column.name, Fact.instance_id.in_(seen))
        if column.options:
            select = sa.select(Fact.text, sa.func.count()).where(*of, Fact.text.is_not(None)).group_by(Fact.text)
            counted = {text: count for text, count in session.execute(select)}
            listed = [(value, name, counted.get(value, 0)) for value, name in column.options.items()]
            made.append(Figure(column, listed))
        elif column.kind in ("number", "money"):
            total = session.scalar(sa.select(sa.func.sum(Fact.number)).where(*of))
            made.append(Figure(column, [], total or 0.0))
    return made
