"""A cell as the engine carries it out, and where its answer can change.

A cell is a value to be equal to, the rest of a comparison, or an expression about the input as `?`; empty or `-` is
whatever. What it answers for a value is always asked of the language itself; here is only found out between which
values the answer cannot change. Where that cannot be told, the cell counts as not analysable.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.engine import Engine

INPUT = "dmninputexpr"
_MARK = re.compile(r"(\?)(?=(?:[^'\"]|['\"][^'\"]*['\"])*$)")  # as SpiffWorkflow finds it: outside of quotes
LONGEST = 500  # characters, as the check has it
ORDERED, TRUTH = "<", "truth"  # marks among the constants: compared in order; taken as true or false by itself
Constant = str | int | float | bool | None


@dataclass(frozen=True)
class Cell:
    """`constants` are the values at which the answer may change; None where the cell cannot be analysed."""

    text: str
    anything: bool = False
    constants: frozenset[tuple[str, Constant]] | None = None
    alone: bool = False  # it asks of nothing but the input, so that it can be tried on every value there is


def is_any(text: str | None) -> bool:
    return text is None or text in ("", "-")


def read_cell(engine: Engine, column: str, text: str | None) -> Cell:
    """The cell of a column with this input expression."""
    if is_any(text):
        return Cell(text or "", True, frozenset())
    assert text is not None
    try:
        subject = ast.dump(ast.parse(column.strip(), mode="eval").body)
        tree = ast.parse(asked(engine, column, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Cell(text)
    alone = _alone(tree, subject)
    try:
        return Cell(text, False, frozenset(_answers(tree, subject)), alone)
    except (_Unknown, RecursionError):
        return Cell(text, alone=alone)


def asked(engine: Engine, column: str, text: str) -> str:
    """The expression that is evaluated in the end."""
    marked = _MARK.sub(INPUT, text)
    if INPUT in marked:
        return marked
    if engine.language.problem(text) is None:
        return f"({column}) == ({text})"
    return column + text


def holds(engine: Engine, column: str, text: str, data: dict[str, Any]) -> bool | None:
    """What the cell answers for these variables; None where it cannot be computed for them."""
    outside = None
    question = asked(engine, column, text)
    try:
        if INPUT in question:
            outside = {INPUT: engine.language.evaluate(column, data)}
        return bool(engine.language.evaluate(question, data, outside))
    except (ValueError, NameError):
        return None


def _alone(node: ast.AST, subject: str) -> bool:
    """Whether an expression reads nothing but the subject: no other variable, no calendar, no clock."""
    if isinstance(node, ast.expr) and _is_subject(node, subject):
        return True
    if isinstance(node, ast.Name) or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return False
    return all(_alone(inner, subject) for inner in ast.iter_child_nodes(node))


class _Unknown(Exception):
    """An expression whose answers cannot be told from the constants in it."""


def _answers(node: ast.expr, subject: str) -> Iterator[tuple[str, Constant]]:
    """The constants of an expression that is true or false about the subject."""
    if _is_subject(node, subject):
        yield TRUTH, True
    elif isinstance(node, ast.BoolOp):
        for part in node.values:
            yield from _answers(part, subject)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield from _answers(node.operand, subject)
    elif isinstance(node, ast.Compare):
        yield from _compared(node, subject)
    elif isinstance(node, ast.Constant):
        return
    else:
        raise _Unknown


def _compared(node: ast.Compare, subject: str) -> Iterator[tuple[str, Constant]]:
    sides = [node.left, *node.comparators]
    for sign, left, right in zip(node.ops, sides, sides[1:], strict=False):
        if isinstance(sign, (ast.In, ast.NotIn)):
            if not isinstance(right, (ast.List, ast.Tuple)):
                raise _Unknown
            if _is_subject(left, subject):
                yield from (_typed(_constant(item)) for item in right.elts)
            else:
                _constant(left)
                for item in right.elts:
                    _constant(item)
            continue
        if isinstance(sign, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            yield ORDERED, True
        for side in (left, right):
            if not _is_subject(side, subject):
                yield _typed(_constant(side))


def _is_subject(node: ast.expr, subject: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == INPUT) or ast.dump(node) == subject


def _constant(node: ast.expr) -> Constant:
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, (str, int, float, bool))):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return -value
    raise _Unknown


def _typed(value: Constant) -> tuple[str, Constant]:
    """With its type: 1, 1.0 and True are not the same thing here."""
    return type(value).__name__, value


def path_of(column: str) -> tuple[str, ...] | None:
    """`starter.org_id` → its parts; also of `default(x, 0)`. None for any other expression."""
    try:
        node = ast.parse(column.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "default":
        if len(node.args) != 2 or node.keywords or not isinstance(node.args[1], ast.Constant):
            return None
        node = node.args[0]
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else None


def record(paths: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    """Variables with these values at these paths."""
    found: dict[str, Any] = {}
    for path, value in paths.items():
        place = found
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return found
