"""A decision table by itself, evaluated as a business rule task does it: to try one, to check what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
from SpiffWorkflow.dmn.parser.DMNParser import DMNParser

from app.engine.language import ExpressionFailed, Language, UnknownName, UnsafeExpression
from app.engine.packages.front_door import DMN, XMLRefused, open_xml
from app.i18n import bilingual

_LONGEST = 500  # characters of a cell, as the check has it: SpiffWorkflow looks for question marks in quadratic time


class DecisionRefused(ValueError):
    """The file is no decision table that can be evaluated."""


class DecisionFailed(ValueError):
    """The table gives nothing for these values: the words say why, in the present language."""


@dataclass(frozen=True)
class Decided:
    """`rules` are the ids of the rows that apply, as far as the hit policy asks; `result` is what becomes variables."""

    rules: tuple[str, ...]
    result: Mapping[str, Any]


class DecisionTable:
    """One table. Raises DecisionRefused."""

    def __init__(self, content: bytes, language: Language, policy: str | None = None) -> None:
        """`policy` in place of the table's own: COLLECT tells all rows that apply."""
        root = _opened(content)
        try:
            parser = DMNParser(None, root, {"dmn": etree.QName(root).namespace})
            parser.parse()
            (self._table,) = parser.decision.decisionTables
        except Exception as wrong:  # whatever the parser stumbles over
            raise DecisionRefused(f"{type(wrong).__name__}: {wrong}") from wrong
        if policy is not None:
            self._table.hit_policy = policy
        self._engine, self._language = DMNEngine(self._table), language

    def decide(self, data: Mapping[str, Any]) -> Decided:
        """What applies to these variables. Raises DecisionFailed where a cell cannot be computed for them."""
        task = _task(self._language, data)
        try:
            rules = tuple(str(rule.id) for rule in self._engine.decide(task))
            return Decided(rules, dict(self._engine.result(task)))
        except WorkflowTaskException as wrong:
            raise DecisionFailed(_words(getattr(wrong, "exception", None) or wrong)) from wrong
        except (UnsafeExpression, SyntaxError) as wrong:
            raise DecisionFailed(_words(wrong)) from wrong


def _opened(content: bytes) -> etree._Element:
    try:
        root = open_xml(content)
    except XMLRefused as refused:
        raise DecisionRefused(str(refused)) from refused
    if etree.QName(root).namespace not in DMN:
        raise DecisionRefused("not DMN")
    if any(len(element.text or "") > _LONGEST for element in root.iter("{*}text")):
        raise DecisionRefused("a cell is too long")
    return root


def _task(language: Language, data: Mapping[str, Any]) -> Any:
    """As much of a task as a decision looks at."""
    workflow = SimpleNamespace(script_engine=language.engine, spec=SimpleNamespace(file=""))
    workflow.top_workflow = workflow
    return SimpleNamespace(data=dict(data), workflow=workflow, task_spec=SimpleNamespace(bpmn_name="", name=""))


def _words(wrong: BaseException) -> str:
    if isinstance(wrong, (ExpressionFailed, UnknownName, UnsafeExpression)):
        return bilingual(wrong.zh, wrong.en)
    return str(wrong)[:300]
