"""Expressions against the language and against the variables that there can be."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from app.engine.checking.desk import Desk
from app.engine.checking.problem import ERROR, WARNING
from app.engine.packages.diagram import Node
from app.engine.packages.front_door import names, parts_of
from app.engine.packages.words import words_of

ENGINE = frozenset({"instance_id", "starter", "completed_by"})
SIGNATURES = "signatures"  # set by steps that several people sign
# What a late task hands to the process that its ladder starts.
LADDER = frozenset(
    names(
        "level task_id task_name instance_id_of_origin title subject_kind subject_id subject_business_key due_at "
        "assignee_id role org_id region_code sector_code supervising_org_id responsible_org_id"
    )
)
_THROWS = frozenset({"endEvent", "intermediateThrowEvent", "sendTask"})
_MAX_SHOWN = 120


@dataclass(frozen=True)
class Variable:
    """A name, and what sets it: `node` is the step (None: known from the start; empty: nothing that is used yet)."""

    name: str
    origin: str  # engine, input, ladder, form, signing, script, message, call, service, decision
    node: str | None = None
    form: str | None = None  # whose field it is


def lint(desk: Desk, text: str, zh: str, en: str, *, extra: frozenset[str] = frozenset(), **where: Any) -> None:
    """Name what is wrong with an expression; `zh` and `en` say where it stands."""
    if not text.strip():
        desk.add("expression_empty", f"{zh}是空的", f"Empty: {en}", **where)
    elif problem := desk.language.problem(text):
        _refused(desk, text, problem, zh, en, where)
    else:
        _unknown(desk, desk.language.names(text) - extra, zh, en, where)


def lint_script(desk: Desk, text: str, zh: str, en: str, **where: Any) -> None:
    if not text.strip():
        desk.add("expression_empty", f"{zh}是空的", f"Empty: {en}", **where)
    elif problem := desk.language.script_problem(text):
        _refused(desk, text, problem, zh, en, where)
    else:
        reads, _assigned = desk.language.script_names(text)
        _unknown(desk, reads, zh, en, where)


def _refused(desk: Desk, text: str, problem: tuple[str, str], zh: str, en: str, where: dict[str, Any]) -> None:
    shown = " ".join(text.split())[:_MAX_SHOWN]
    desk.add(
        "expression",
        f"{zh}“{shown}”无法使用：{problem[0]}",
        f"Refused: {en} {shown!r}: {problem[1]}",
        **where,
    )


def _unknown(desk: Desk, names: frozenset[str], zh: str, en: str, where: dict[str, Any]) -> None:
    known = known_variables(desk)
    for name in sorted(names - known):
        near = difflib.get_close_matches(name, known, 1, 0.75)
        fix = (
            (f"是否为 {near[0]}？", f"Is it {near[0]}?")
            if near
            else (
                "由启动者带入的数据请列在 process.toml 的 inputs 中",
                "Data that whoever starts the process brings along belongs into inputs in process.toml",
            )
        )
        desk.add(
            "variable_unknown",
            f"{zh}用到了未知的变量 {name}",
            f"Unknown variable {name} in {en}",
            severity=ERROR if _all_is_known(desk) else WARNING,
            fix=fix,
            **where,
        )


def known_variables(desk: Desk) -> frozenset[str]:
    """Every name that something in the package, the engine or a starter may set."""
    if desk.variables is None:
        desk.variables = frozenset(_found(desk))
    return desk.variables


def _all_is_known(desk: Desk) -> bool:
    """Whether nobody else can bring in a name: it starts by its own form only, and every result is declared."""
    manifest = desk.package.manifest
    if not manifest.get("start_form") or not manifest.get("starters") or "inputs" in manifest:
        return False
    carried = (n for n in desk.diagram.nodes.values() if n.event and n.event.kind in ("message", "signal"))
    if any(node.kind not in _THROWS and "variable" not in node.properties for node in carried):
        return False  # the fields of what comes are assigned one by one
    operators = [node.operator for node in desk.diagram.nodes.values() if node.operator]
    services = [desk.services.tasks.get(operator.name) for operator in operators if not operator.result]
    return all(service is not None and service.result is not None for service in services)


def _found(desk: Desk) -> set[str]:
    return {variable.name for variable in sources(desk)}


def sources(desk: Desk) -> Iterator[Variable]:
    """Every variable with what sets it; one that several set comes several times."""
    yield from (Variable(name, "engine") for name in sorted(ENGINE))
    manifest = desk.package.manifest
    inputs = manifest.get("inputs")
    if isinstance(inputs, list):
        yield from (Variable(name, "input") for name in inputs if isinstance(name, str))
    if not manifest.get("starters"):
        yield from (Variable(name, "ladder") for name in sorted(LADDER))
    yield from _of_forms(desk)
    for node in desk.diagram.nodes.values():
        yield from (Variable(name, "signing", node.id, words_of(node.properties).form) for name in _signed(desk, node))
        for script in (node.script, node.pre_script, node.post_script):
            if script and desk.language.script_problem(script) is None:
                yield from (Variable(name, "script", node.id) for name in desk.language.script_names(script)[1])
        if variable := node.properties.get("variable"):
            yield Variable(variable, "message", node.id)
        if node.starts is not None and (result := node.properties.get("result")):
            yield Variable(result, "call", node.id)
        if node.operator:
            yield from (
                Variable(name, "service", node.id) for name in _results(desk, node.operator.name, node.operator.result)
            )
    yield from _of_decisions(desk)


def _of_forms(desk: Desk) -> Iterator[Variable]:
    """The fields of the forms, by the steps that have them; those of a form that nothing has are known as well."""
    used: dict[str, list[str | None]] = {}
    if isinstance(start := desk.package.manifest.get("start_form"), str):
        used[start] = [None]
    for node in desk.diagram.nodes.values():
        if node.is_human and (form := words_of(node.properties).form):
            used.setdefault(form, []).append(node.id)
    for form in desk.forms.keys() - _signed_forms(desk):
        for name in desk.fields(form):
            yield from (Variable(name, "form", node, form) for node in used.get(form, [""]))


def _of_decisions(desk: Desk) -> Iterator[Variable]:
    asking: dict[str, list[str]] = {}
    for node in desk.diagram.nodes.values():
        if node.decision:
            asking.setdefault(node.decision, []).append(node.id)
    for identity, (_file, root) in desk.decisions.items():
        for element in root.iter():
            if parts_of(element)[1] == "output":
                name = str(element.get("name") or element.get("label") or "").partition(".")[0]
                yield from (Variable(name, "decision", node) for node in asking.get(identity, [""]))


def _signed(desk: Desk, node: Node) -> set[str]:
    """What a step that several people sign sets: the signatures, and the vote that decided."""
    words = words_of(node.properties)
    if not node.is_human or not words.signs:
        return set()
    return {SIGNATURES} | ({words.vote} & set(desk.fields(words.form or "")))


def _signed_forms(desk: Desk) -> set[str]:
    """Forms of which only the vote becomes a variable: every signer gives his own answers (see running/signing.py)."""
    kept: set[Any] = {desk.package.manifest.get("start_form")}
    signed: set[str] = set()
    for node in desk.diagram.nodes.values():
        words = words_of(node.properties)
        if node.is_human and words.form:
            (signed if words.signs and words.policy != "any" else kept).add(words.form)
    return signed - kept


def _results(desk: Desk, service_name: str, variable: str | None) -> set[str]:
    if variable:
        return {variable}
    service = desk.services.tasks.get(service_name)
    if service is None or service.result is None:
        return set()
    schema: type[ma.Schema] = service.result
    return {field.data_key or name for name, field in schema().fields.items()}
