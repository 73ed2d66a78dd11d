"""In what situation a form is filled in, and what follows from it: options, defaults, bounds, what shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import User
from app.audit import SYSTEM, Actor
from app.clock import local
from app.forms.conditions import holds, lookup, names, text_of
from app.forms.kinds import MAX_OPTIONS, ME

Spec = Mapping[str, Any]  # one field of a form file


@dataclass(frozen=True)
class Situation:
    """Without a session nothing is looked up: rehearsals and scenarios have no people, records or files."""

    now: dt.datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    session: Session | None = None
    actor: Actor = SYSTEM
    known_user: User | None = None
    instance_id: str | None = None

    @cached_property
    def user(self) -> User | None:
        """Who acts, with what they may see; looked up only for forms that offer records to choose from."""
        if self.known_user is None and self.session is not None and self.actor.id:
            return self.session.get(User, self.actor.id)
        return self.known_user


@dataclass(frozen=True)
class Option:
    value: Any
    label: Any  # text or {"zh", "en"}
    tone: str = ""  # green, red: conclusions such as 合格 and 不合格

    @property
    def key(self) -> str:
        return text_of(self.value)


def options_of(spec: Spec, data: Mapping[str, Any]) -> list[Option]:
    """The fixed options, or those that a list variable gives: values, or {"value"|"id", "label"|"name"}."""
    fixed = spec.get("options")
    found = [_option(item) for item in fixed] if isinstance(fixed, list) else []
    listed = lookup(data, spec["source"]) if spec.get("source") else None
    if isinstance(listed, list):
        found += [_option(item) for item in listed[:MAX_OPTIONS] if item is not None]
    return found


def _option(item: Any) -> Option:
    if not isinstance(item, Mapping):
        return Option(item, text_of(item))
    value = item.get("value", item.get("id"))
    return Option(value, item.get("label", item.get("name", text_of(value))), item.get("tone", ""))


def given(value: Any, kind: str, situation: Situation) -> Any:
    """A default or bound: the value itself, {"from": variable}, `today`, `now` for dates, {"from": "me"} for people.

    Where a text is asked for, whoever fills it in is meant by name.
    """
    if isinstance(value, Mapping) and set(value) == {"from"}:
        me = {"user": situation.actor.id, "text": situation.actor.name}
        value = me[kind] if kind in me and value["from"] == ME else lookup(situation.data, value["from"])
    if kind in ("date", "datetime") and value in ("today", "now"):
        now = local(situation.now)
        if kind == "date":
            return now.date().isoformat()
        return (now.replace(hour=0, minute=0) if value == "today" else now).isoformat(timespec="minutes")
    return value


def default_of(spec: Spec, situation: Situation) -> Any:
    """The default of a field; rows that a group's default writes out may take their values from variables too."""
    value = spec.get("default")
    if spec["kind"] != "group" or not isinstance(value, list):
        return given(value, spec["kind"], situation)
    kinds = {inner["name"]: inner["kind"] for inner in spec["fields"] if "name" in inner}
    return [{name: given(one, kinds.get(name, ""), situation) for name, one in row.items()} for row in value]


def read_by_conditions(specs: Sequence[Spec]) -> set[str]:
    """The names that decide what shows and what must be answered; those of a group's fields too."""
    found: set[str] = set()
    for spec in specs:
        for one in (spec, *spec.get("fields", ())):
            for word in ("visible_if", "required"):
                if isinstance(condition := one.get(word), Mapping):
                    found.update(names(condition))
    return found


def is_required(spec: Spec, values: Mapping[str, Any]) -> bool:
    return bool(holds(spec.get("required", False), values))


def is_visible(spec: Spec, values: Mapping[str, Any]) -> bool:
    return bool(holds(spec.get("visible_if", True), values))
