"""Detached calls: the process is there, takes what it is given, and does not come back to itself."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.engine.checking.desk import Desk, quoted
from app.engine.checking.forms import reserved
from app.engine.checking.variables import lint
from app.engine.packages.call_words import (
    CALL,
    COUNTED,
    INDEX,
    ITEM,
    KEPT,
    MAX_DEPTH,
    CallWords,
    call_words_of,
    output_names,
)
from app.engine.packages.diagram import Node, read_diagram
from app.engine.packages.front_door import XMLRefused
from app.engine.packages.package import Package
from app.engine.running.children.calling import accepted_names, field_names

_WAITING = ("outputs", "result", "complete_when")


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    for node in desk.diagram.nodes.values():
        if node.starts is not None:
            _call(desk, node, call_words_of(node.properties))
        elif node.kind == "callActivity":
            _attached(desk, node)
    _circle(desk)


def _attached(desk: Desk, node: Node) -> None:
    """A call of a process of the same file: the words about children would be without effect."""
    _flag(desk, node, "detached")
    for name in sorted(CALL - {"detached"} & node.properties.keys()):
        desk.add(
            "property_misplaced",
            f"属性 {name} 只用于 detached = true 的调用活动",
            f"The property {name} belongs to a call activity with detached = true",
            at=node,
        )


def _flag(desk: Desk, node: Node, name: str) -> None:
    value = node.properties.get(name)
    if value is not None and value not in ("true", "false"):
        desk.add(
            "property_value",
            f"属性 {name} 的值“{value[:80]}”不对，应为：true、false",
            f"The property {name} cannot be {value[:80]!r}; it is one of: true, false",
            at=node,
        )


def _call(desk: Desk, node: Node, words: CallWords) -> None:
    _flag(desk, node, "wait")
    if not node.starts:
        desk.add("called_missing", "调用活动没有指定流程", "The call activity names no process", at=node)
    elif node.starts not in desk.known | {desk.package.key}:
        desk.add(
            "called_unknown",
            f"没有名为 {node.starts} 的流程",
            f"There is no process called {node.starts}",
            at=node,
            fix=(f"已有：{quoted(desk.known)}", f"There are: {quoted(desk.known)}"),
        )
    if words.for_each:
        lint(desk, words.for_each, "属性 for_each", "the property for_each", at=node)
    if words.inputs:
        seen = frozenset({ITEM, INDEX} if words.for_each else {INDEX})
        lint(desk, words.inputs, "属性 inputs", "the property inputs", extra=seen, at=node)
    _given(desk, node, words)
    if words.waits:
        _taken(desk, node, words)
    else:
        _without_waiting(desk, node)


def _without_waiting(desk: Desk, node: Node) -> None:
    for name in _WAITING:
        if name in node.properties:
            desk.add(
                "property_misplaced",
                f"wait = false 时不等待子流程，属性 {name} 不起作用",
                f"With wait = false nothing is waited for, and the property {name} has no effect",
                at=node,
            )


def _taken(desk: Desk, node: Node, words: CallWords) -> None:
    if words.result:
        reserved(desk, words.result, at=node)
    elif words.outputs:
        desk.add(
            "call_result",
            "写了 outputs 却没有写明放到哪个变量（属性 result）",
            "There are outputs, but no variable to put them into (property result)",
            at=node,
            fix=("写上属性 result", "Give it the property result"),
        )
    if words.outputs and (names := output_names(words.outputs)) is not None:
        for name in sorted(KEPT & set(names)):
            desk.add(
                "call_outputs",
                f"每项结果已有名为 {name} 的内容",
                f"Every result has a value called {name} of its own",
                at=node,
                fix=("在子流程中换一个变量名，或写成表达式", "Name the variable otherwise, or write an expression"),
            )
    elif words.outputs and (problem := desk.language.problem(words.outputs)):
        zh, en = f"属性 outputs 无法使用：{problem[0]}", f"Refused: the property outputs: {problem[1]}"
        desk.add("expression", zh, en, at=node)
    if words.complete_when:
        _condition(desk, node, words.complete_when)


def _condition(desk: Desk, node: Node, text: str) -> None:
    if problem := desk.language.problem(text):
        zh, en = f"属性 complete_when 无法使用：{problem[0]}", f"Refused: the property complete_when: {problem[1]}"
        desk.add("expression", zh, en, at=node)
        return
    for name in sorted(desk.language.names(text) - COUNTED):
        desk.add(
            "variable_unknown",
            f"属性 complete_when 只能用 {quoted(COUNTED)}，没有 {name}",
            f"The property complete_when may only use {quoted(COUNTED)}, there is no {name}",
            at=node,
        )


def _given(desk: Desk, node: Node, words: CallWords) -> None:
    """What a child is started with, where both sides are written down."""
    package = desk.package if node.starts == desk.package.key else desk.neighbours.get(node.starts or "")
    if package is None or not package.files:
        return
    names = _keys(words.inputs)
    if names is None:
        return
    form = _start_form(package)
    for name in sorted(names - field_names(form) - accepted_names(package.manifest)):
        desk.add(
            "call_inputs",
            f"流程 {package.key} 没有名为 {name} 的启动数据",
            f"The process {package.key} does not take {name} when it starts",
            at=node,
            fix=(f"写入 {package.key}/process.toml 的 inputs", f"List it under inputs in {package.key}/process.toml"),
        )
    for name in sorted(_required(form) - names):
        desk.add(
            "call_inputs",
            f"流程 {package.key} 的启动表单必须填写 {name}",
            f"The start form of the process {package.key} requires {name}",
            at=node,
        )


def _keys(inputs: str | None) -> set[str] | None:
    """The names that a record written out gives; None where it is another expression."""
    if inputs is None:
        return set()
    try:
        tree = ast.parse(inputs.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.Dict):
        return None
    keys = {key.value for key in tree.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return keys if len(keys) == len(tree.keys) else None


def _start_form(package: Package) -> dict[str, Any] | None:
    name = package.manifest.get("start_form")
    try:
        form = json.loads(package.files[f"forms/{name}.json"])
    except (KeyError, ValueError, RecursionError):
        return None
    return form if isinstance(form, dict) else None


def _required(form: Mapping[str, Any] | None) -> set[str]:
    fields = [field for field in (form or {}).get("fields") or () if isinstance(field, dict)]
    return {
        str(field["name"])
        for field in fields
        if field.get("required") is True and "default" not in field and "visible_if" not in field and "name" in field
    }


def _circle(desk: Desk) -> None:
    """Processes that wait for one another in a circle never end; chains longer than the engine allows never begin."""

    @cache
    def started(key: str) -> tuple[str, ...]:
        package = desk.package if key == desk.package.key else desk.neighbours.get(key)
        return _waited_for(package) if package is not None else ()

    for node in desk.diagram.nodes.values():
        if not node.starts or not call_words_of(node.properties).waits:
            continue
        seen, level = {node.starts}, {node.starts}
        depth = 1
        while level and depth <= MAX_DEPTH and desk.package.key not in seen:
            level = {below for key in level for below in started(key)}
            seen |= level
            depth += bool(level)
        if desk.package.key in seen or depth > MAX_DEPTH:
            desk.add(
                "call_circle",
                f"流程不能等待自己，也不能层层等待超过 {MAX_DEPTH} 层（{node.starts}）",
                f"A process may not wait for itself, nor through more than {MAX_DEPTH} others ({node.starts})",
                at=node,
                fix=("不需要等待时写上 wait = false", "Where it need not wait, give it wait = false"),
            )


def _waited_for(package: Package) -> tuple[str, ...]:
    try:
        nodes = read_diagram(package.diagram).nodes.values()
    except XMLRefused:
        return ()
    return tuple(sorted({n.starts for n in nodes if n.starts and call_words_of(n.properties).waits}))
