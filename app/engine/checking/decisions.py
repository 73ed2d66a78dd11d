"""Decision tables: there, of a kind that is executed, and cell by cell in the language."""

from __future__ import annotations

from typing import Any

from lxml import etree

from app.engine.checking.desk import Desk, quoted
from app.engine.checking.forms import reserved
from app.engine.checking.variables import lint
from app.engine.packages.front_door import local_name

_POLICIES = ("UNIQUE", "FIRST", "COLLECT")
_INPUT = "dmninputexpr"
_LONGEST_CELL = 500  # SpiffWorkflow looks for question marks in quadratic time
_TABLE = frozenset({"input", "output", "rule", "annotation"})


def check(desk: Desk) -> None:
    used: set[str] = set()
    for node in desk.diagram.nodes.values():
        if node.kind != "businessRuleTask":
            continue
        if not node.decision:
            desk.add(
                "decision_missing",
                "业务规则任务没有指定决策（spiffworkflow:calledDecisionId）",
                "The business rule task names no decision (spiffworkflow:calledDecisionId)",
                at=node,
            )
            continue
        used.add(node.decision)
        if node.decision not in desk.decisions:
            desk.add(
                "decision_missing",
                f"decisions 目录中没有编号为“{node.decision}”的决策",
                f"No decision in decisions/ has the id {node.decision!r}",
                at=node,
                fix=(f"已有：{quoted(desk.decisions)}", f"There are: {quoted(desk.decisions)}"),
            )
    for identity, (file, root) in desk.decisions.items():
        _decision(desk, file, root)
        if identity not in used and desk.root is not None:
            desk.warn(
                "decision_unused",
                f"没有业务规则任务用到决策“{identity}”",
                f"No business rule task uses the decision {identity!r}",
                file=file,
                element_id=identity,
            )


def _decision(desk: Desk, file: str, root: etree._Element) -> None:
    namespace = f"{{{etree.QName(root).namespace}}}"
    decision = root.find(f"{namespace}decision")
    tables = [] if decision is None else decision.findall(f"{namespace}decisionTable")
    if len(tables) != 1:
        desk.add(
            "decision_table",
            f"决策应当有且只有一张决策表，这里有 {len(tables)} 张",
            f"A decision holds exactly one decision table; here are {len(tables)}",
            file=file,
            element=decision,
        )
        return
    table = tables[0]
    policy = table.get("hitPolicy", "UNIQUE").upper()
    if policy not in _POLICIES or table.get("aggregation"):
        what = f"{policy} {table.get('aggregation') or ''}".strip()
        desk.add(
            "decision_policy",
            f"尚不支持命中策略 {what}",
            f"The hit policy {what} is not supported yet",
            file=file,
            element=table,
            fix=(f"可用：{', '.join(_POLICIES)}", f"There are: {', '.join(_POLICIES)}"),
        )
    for child in table:
        if local_name(child) not in _TABLE - {"annotation"}:
            desk.add(
                "decision_table",
                f"决策表中不支持 {local_name(child)}",
                f"{local_name(child)} is not supported in a decision table",
                file=file,
                element=child,
            )
    _columns(desk, file, table, namespace)


def _columns(desk: Desk, file: str, table: etree._Element, namespace: str) -> None:
    inputs: list[str | None] = []
    for column in table.findall(f"{namespace}input"):
        text = column.findtext(f"{namespace}inputExpression/{namespace}text")
        where: dict[str, Any] = {"file": file, "element": column}
        inputs.append(text)
        lint(desk, text or "", "决策表的输入", "the input of a decision table", **where)
    outputs = table.findall(f"{namespace}output")
    for column in outputs:
        name = column.get("name") or column.get("label") or ""
        for part in name.split(".") if name else [""]:
            reserved(desk, part, file=file, element=column)
    if not outputs:
        desk.add("decision_table", "决策表没有输出", "The decision table has no output", file=file, element=table)
    for row in table.findall(f"{namespace}rule"):
        cells, results = row.findall(f"{namespace}inputEntry"), row.findall(f"{namespace}outputEntry")
        if len(cells) != len(inputs) or len(results) != len(outputs):
            desk.add(
                "decision_row",
                "此行的单元格数与列数不符",
                "This row has not as many cells as there are columns",
                file=file,
                element=row,
            )
            continue
        for text, cell in zip(inputs, cells, strict=True):
            _cell(desk, file, text or "", cell, cell.findtext(f"{namespace}text"))
        for cell in results:
            value = cell.findtext(f"{namespace}text")
            if value:
                lint(desk, value, "决策表的输出", "an output of the decision table", file=file, element=cell)


def _cell(desk: Desk, file: str, column: str, cell: etree._Element, text: str | None) -> None:
    """The cell as it is executed: a value to be equal to, the rest of a comparison, or an expression about `?`."""
    if text is None or text == "-":
        return
    zh, en = "决策表的单元格", "a cell of the decision table"
    where: dict[str, Any] = {"file": file, "element": cell}
    if len(text) > _LONGEST_CELL:
        desk.add(
            "expression",
            f"单元格超过 {_LONGEST_CELL} 个字符",
            f"The cell is longer than {_LONGEST_CELL} characters",
            **where,
        )
        return
    marked = _marked(text)
    if _INPUT in marked:
        lint(desk, marked, zh, en, extra=frozenset({_INPUT}), **where)
    elif desk.language.problem(text) is None:
        lint(desk, text, zh, en, **where)
    elif _is_rest(desk, text) and desk.language.problem(column) is not None:
        lint(desk, f"{_INPUT} {text}", zh, en, extra=frozenset({_INPUT}), **where)
    elif _is_rest(desk, text) and text[0].isalpha():
        desk.add(
            "expression",
            f"单元格“{text[:80]}”会与输入连成一个词",
            f"The cell {text[:80]!r} would run into its input as one word",
            fix=(f"写成 ? {text[:80]}", f"Write ? {text[:80]}"),
            **where,
        )
    elif _is_rest(desk, text):  # SpiffWorkflow puts the two together without a space between them
        lint(desk, column + text, zh, en, extra=desk.language.names(column), **where)
    else:
        lint(desk, text, zh, en, **where)


def _marked(text: str) -> str:
    """The input in place of every `?` outside of quotes; SpiffWorkflow counts quotes from the end, of either kind."""
    parts, quotes = [], 0
    for letter in reversed(text):
        quotes += letter in "'\""
        parts.append(_INPUT if letter == "?" and quotes % 2 == 0 else letter)
    return "".join(reversed(parts))


def _is_rest(desk: Desk, text: str) -> bool:
    """`> 5`, `in [1, 2]`: no expression of its own, but one with something before it."""
    return desk.language.problem(f"v {text}") is None
