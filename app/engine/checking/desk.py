"""What every part of the check works with: the package, what it may refer to, and the list of problems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lxml import etree

from app.engine.checking.problem import ERROR, WARNING, Problem
from app.engine.language import Language
from app.engine.packages.diagram import Diagram, Flow, Node
from app.engine.packages.front_door import SPIFF, line_of
from app.engine.packages.lanes import Lane
from app.engine.packages.package import DIAGRAM, Package
from app.engine.running.services import Services

Known = Iterable[str] | Mapping[str, Package]  # processes that may be started by name
FormCheck = Callable[[str, bytes], Sequence[tuple[str, str, str]]]
Fix = tuple[str, str]
MAX_PROBLEMS = 500


class Enough(Exception):
    """More problems than anybody reads: a file made to keep the check busy."""


@dataclass
class Desk:
    """The surroundings of one check. `root` and `diagram` are those of process.bpmn; `decisions` by decision id."""

    package: Package
    lanes: Mapping[str, Lane]
    roles: frozenset[str]
    rules: frozenset[str]
    services: Services
    form_check: FormCheck | None
    language: Language
    known: frozenset[str]
    neighbours: Mapping[str, Package] = field(default_factory=dict)  # those of them whose files are at hand
    earlier: Package | None = None  # the version in force, whose statutory steps must stay
    problems: list[Problem] = field(default_factory=list)
    seen: set[Problem] = field(default_factory=set)
    root: etree._Element | None = None
    diagram: Diagram = field(default_factory=lambda: Diagram(None, {}, {}, {}, {}))
    decisions: dict[str, tuple[str, etree._Element]] = field(default_factory=dict)  # id → file, root
    variables: frozenset[str] | None = None  # see variables.known_variables

    def add(
        self,
        code: str,
        zh: str,
        en: str,
        *,
        at: Node | Flow | None = None,
        element: etree._Element | None = None,
        element_id: str | None = None,
        file: str = DIAGRAM,
        line: int | None = None,
        severity: str = ERROR,
        fix: Fix | None = None,
        about: str | None = None,
    ) -> None:
        """Note a problem; the place is taken from whatever is known of it."""
        name: str | None = None
        if element is not None:
            identified = _identified(element)
            element_id = element_id or (None if identified is None else identified.get("id"))
            name = None if identified is None else identified.get("name")
            line = line or line_of(element)
        at = at or (self.diagram.nodes.get(element_id) or self.diagram.flows.get(element_id) if element_id else None)
        position = None
        if at is not None and file == DIAGRAM:
            element_id, name, line = at.id, at.name or name, line or at.line
            position = _position(at)
        problem = Problem(code, severity, zh, en, file, element_id, name or None, line, position, fix, about)
        if problem in self.seen:
            return
        if len(self.problems) >= MAX_PROBLEMS:
            raise Enough()
        self.seen.add(problem)
        self.problems.append(problem)

    def warn(self, code: str, zh: str, en: str, **where: Any) -> None:
        self.add(code, zh, en, severity=WARNING, **where)

    def has(self, *codes: str) -> bool:
        return any(problem.code in codes for problem in self.problems)

    @cached_property
    def forms(self) -> dict[str, dict[str, Any]]:
        """The forms that can be read at all, by name."""
        found: dict[str, dict[str, Any]] = {}
        for name, content in self.package.named("forms", ".json").items():
            try:
                form = json.loads(content)
            except (ValueError, RecursionError):
                continue
            if isinstance(form, dict):
                found[name] = form
        return found

    def fields(self, form: str) -> list[str]:
        """The names that a form assigns at top level; a group is one name."""
        fields = self.forms.get(form, {}).get("fields")
        return [
            field["name"]
            for field in (fields if isinstance(fields, list) else [])
            if isinstance(field, dict) and isinstance(field.get("name"), str) and field.get("kind") != "note"
        ]


def _identified(element: etree._Element) -> etree._Element | None:
    """The element itself or the nearest around it that has an id on the canvas: people know nodes, not definitions."""
    found: etree._Element | None = element
    while found is not None and (not found.get("id") or _is_inner(found)):
        found = found.getparent()
    return found if found is not None else element if element.get("id") else None


def _is_inner(element: etree._Element) -> bool:
    """Definitions of events, and the extension's own elements, whose ids are names."""
    tag = str(element.tag)
    return tag.endswith("Definition") or tag.startswith(f"{{{SPIFF}}}")


def _position(at: Node | Flow) -> tuple[float, float] | None:
    if isinstance(at, Node):
        return (at.x, at.y) if at.drawn else None
    return at.waypoints[0] if at.waypoints else None


def quoted(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "—"
