"""What a package leaves open: the steps that take time, what may be chosen there, how cases begin, who is needed.

Its scenarios are examples of all that: the data with which cases begin, what messages and children bring back.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.checking.scenarios import Scenario, ScenarioError, read_scenarios
from app.engine.core import Core
from app.engine.engine import Engine
from app.engine.language import UnsafeExpression
from app.engine.packages.call_words import call_words_of
from app.engine.packages.diagram import Diagram, Node, read_diagram
from app.engine.packages.package import Package
from app.engine.packages.words import Words, words_of
from app.engine.ports import Choice
from app.engine.rehearsal.model import CHILDREN, MESSAGE, TASK

_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Outcome:
    """What a message or a child brings back, as a scenario has it."""

    data: Mapping[str, Any] = field(default_factory=dict)
    status: str = "ended"  # of a child


@dataclass(frozen=True)
class Wait:
    """A step at which cases spend time. `deciding`: the fields among `choices` on which the way onward depends."""

    node: Node
    kind: str  # task, message, children
    role: str = ""
    words: Words = field(default_factory=Words)
    choices: tuple[Choice, ...] = ()
    deciding: frozenset[str] = frozenset()
    outcomes: tuple[Outcome, ...] = ()
    beside: bool = False  # on the edge of a step, or the start of an event sub-process: it may never come


@dataclass(frozen=True)
class Profile:
    """A way in which cases begin."""

    title: Mapping[str, str]
    starter: str
    data: Mapping[str, Any]
    scenario: Scenario | None = None


@dataclass(frozen=True)
class Outline:
    package: Package
    diagram: Diagram
    waits: Mapping[str, Wait]
    profiles: tuple[Profile, ...]
    start_choices: tuple[Choice, ...]
    samples: Mapping[str, Mapping[str, Any]]  # answers that a step has in a scenario
    roles: tuple[str, ...]
    clock: dt.datetime | None = None  # of the first scenario: what its messages and answers count days from


def outline_of(engine: Engine, package: Package) -> Outline:
    """Reads leniently: of a package full of mistakes what can be read."""
    diagram = read_diagram(package.diagram)
    try:
        scenarios = read_scenarios(package)
    except ScenarioError:
        scenarios = []
    forms = _forms(package)
    read = _names_read(engine, package, diagram)
    waits = {
        node.id: wait
        for node in diagram.nodes.values()
        if (wait := _wait(engine, package, diagram, node, forms, read, scenarios)) is not None
    }
    start_form = forms.get(str(package.manifest.get("start_form") or ""))
    samples = {step.complete: step.answers for one in scenarios for step in one.steps if step.complete}
    return Outline(
        package=package,
        diagram=diagram,
        waits=waits,
        profiles=_profiles(package, scenarios),
        start_choices=tuple(engine.forms.choices(start_form)) if engine.forms and start_form else (),
        samples=samples,
        roles=tuple(dict.fromkeys(wait.role for wait in waits.values() if wait.kind == TASK)),
        clock=scenarios[0].clock if scenarios else None,
    )


def _wait(
    engine: Engine,
    package: Package,
    diagram: Diagram,
    node: Node,
    forms: Mapping[str, Any],
    read: frozenset[str],
    scenarios: Iterable[Scenario],
) -> Wait | None:
    if node.is_human:
        words = words_of(node.properties)
        form = forms.get(words.form or "")
        choices = tuple(engine.forms.choices(form)) if engine.forms and form else ()
        vote = words.vote if words.signs else None
        deciding = frozenset(one.name for one in choices if one.name == vote or decides(one, read))
        return Wait(node, TASK, role_of(engine, node, words), words, choices, deciding)
    if node.starts and call_words_of(node.properties).waits:
        ends = [Outcome(s.data, s.status) for one in scenarios for s in one.steps if s.child == node.id]
        return Wait(node, CHILDREN, outcomes=_distinct(ends))
    kind = node.event.kind if node.event else ""
    catches = node.kind in ("intermediateCatchEvent", "receiveTask", "boundaryEvent") or diagram.begins_waiting(node)
    if not catches or (kind not in ("message", "signal") and node.kind != "receiveTask"):
        return None
    name = diagram.names.get(node.event.ref or "", "") if node.event else ""
    sent = [Outcome(s.payload) for one in scenarios for s in one.steps if name and name in (s.message, s.signal)]
    beside = bool(node.attached_to) or diagram.begins_waiting(node)
    return Wait(node, MESSAGE, outcomes=_distinct(sent), beside=beside)


def decides(choice: Choice, read: frozenset[str]) -> bool:
    """Whether the way onward depends on it: something in the diagram reads it, or its options are conclusions."""
    return choice.name.split(".")[0] in read or any(tone for _value, _label, tone in choice.options)


def role_of(engine: Core, node: Node, words: Words) -> str:
    """The role whose people do a step; "" where it is addressed to an organisation alone."""
    lane = engine.lane(node)
    return words.role or (lane.role if lane and lane.role else "")


def node_names(outline: Outline, node_id: str) -> dict[str, str]:
    node = outline.diagram.nodes.get(node_id)
    zh = node.name if node and node.name else node_id
    return {"zh": zh, "en": node.name_en if node and node.name_en else zh}


def _forms(package: Package) -> dict[str, Any]:
    found = {}
    for name, content in package.named("forms", ".json").items():
        try:
            form = json.loads(content)
        except (ValueError, RecursionError):
            continue
        if isinstance(form, dict) and isinstance(form.get("fields"), list):
            found[name] = form
    return found


def _names_read(engine: Core, package: Package, diagram: Diagram) -> frozenset[str]:
    """Variables that conditions, decisions, timers and conditional events read."""
    texts = [flow.condition for flow in diagram.flows.values()]
    texts += [event.text for node in diagram.nodes.values() for event in node.events]
    found: set[str] = set()
    for text in filter(None, texts):
        try:
            found |= engine.language.names(text)
        except (UnsafeExpression, RecursionError):
            found |= set(_NAME.findall(_TEXT.sub("", text)))
    for content in package.named("decisions", ".dmn").values():
        for text in re.findall(r"<inputExpression[^>]*>\s*<text>(.*?)</text>", content.decode(errors="replace"), re.S):
            found |= set(_NAME.findall(_TEXT.sub("", text)))
    return frozenset(found)


def _profiles(package: Package, scenarios: Iterable[Scenario]) -> tuple[Profile, ...]:
    found: list[Profile] = []
    for one in scenarios:
        if not any(one.data == known.data for known in found):
            found.append(Profile(one.title, one.starter, one.data, one))
    starters = package.manifest.get("starters") or ()
    usual = Profile({"zh": "一般情形", "en": "The usual case"}, str(starters[0]) if starters else "somebody", {})
    return tuple(found) or (usual,)


def _distinct(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    found: list[Outcome] = []
    for one in outcomes:
        if one not in found:
            found.append(one)
    return tuple(found) or (Outcome(),)
