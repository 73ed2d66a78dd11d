"""What a fix works with: the package as it is, what it may refer to, and the change that would put it right."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lxml import etree

from app.designer.drafts import editing
from app.engine import Diagram, Engine, Node, Package, Problem, XMLRefused, read_diagram

Changes = Mapping[str, bytes | None]


@dataclass(frozen=True)
class Fix:
    """One click. `id` is the same for the same problem as long as it is there; `make` gives the changed files."""

    id: str
    label: str
    make: Callable[[], Changes]


@dataclass(frozen=True)
class Bench:
    package: Package
    engine: Engine
    known: frozenset[str]  # keys of processes that may be started
    earlier: Package | None = None  # the version in force

    @cached_property
    def diagram(self) -> Diagram:
        try:
            return read_diagram(self.package.diagram)
        except XMLRefused:
            return Diagram(None, {}, {}, {}, {})

    @cached_property
    def rules(self) -> frozenset[str]:
        return frozenset(self.engine.calendar.rules())

    @cached_property
    def roles(self) -> frozenset[str]:
        return frozenset(self.engine.directory.roles())

    def fix(self, problem: Problem, label: Any, make: Callable[[], Changes]) -> Fix:
        where = (problem.code, problem.file, problem.element_id or "", problem.about or "")
        return Fix("|".join(where), str(label), make)

    def in_diagram(self, problem: Problem, label: Any, change: Callable[[etree._Element], object]) -> Fix:
        """A fix that changes process.bpmn."""

        def make() -> Changes:
            root = editing.opened(self.package.diagram)
            change(root)
            return {editing.DIAGRAM: editing.written(root)}

        return self.fix(problem, label, make)

    def in_manifest(self, problem: Problem, label: Any, name: str, value: Any) -> Fix:
        """A fix that sets one key of process.toml."""

        def make() -> Changes:
            text = self.package.files.get(editing.MANIFEST, b"").decode("utf-8", "replace")
            return {editing.MANIFEST: editing.set_toml(text, name, value).encode()}

        return self.fix(problem, label, make)

    def node(self, problem: Problem) -> Node | None:
        return self.diagram.nodes.get(problem.element_id or "")


def nearest(text: str, there: Iterable[str], cutoff: float = 0.6) -> str | None:
    found = difflib.get_close_matches(text, sorted(there), 1, cutoff)
    return found[0] if found else None


def element_of(root: etree._Element, problem: Problem) -> etree._Element:
    """The element that the problem is about; it was there when the fix was offered."""
    found = editing.by_id(root, problem.element_id or "")
    assert found is not None
    return found
