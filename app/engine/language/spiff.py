"""The language in SpiffWorkflow's place for Python.

The *environment* is replaced, not only the engine's methods: correlations and ad-hoc conditions call
`script_engine.environment` directly.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine
from SpiffWorkflow.task import Task

from app.engine.language.errors import UnsafeExpression
from app.engine.language.refusals import log_refusal

if TYPE_CHECKING:
    from app.engine.language import Language


class LanguageEnvironment(BasePythonScriptEngineEnvironment):
    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language

    def evaluate(self, expression: str, context: Any, external_context: Mapping[str, Any] | None = None) -> Any:
        return self._language.evaluate(expression, context, external_context)

    def execute(self, script: str, context: Any, external_context: Mapping[str, Any] | None = None) -> bool:
        self._language.execute(script, context, external_context)
        return True

    def call_service(self, context: Any, **kwargs: Any) -> Any:
        raise LookupError("service tasks are called by name, through the registry")


class LanguageEngine(PythonScriptEngine):
    """Failures keep their cause in `exception`; SpiffWorkflow's own wrapping loses it, and stumbles over some."""

    def __init__(self, language: Language) -> None:
        super().__init__(environment=LanguageEnvironment(language))
        self._language = language

    def validate(self, expression: str) -> None:
        """SyntaxError for what is no expression: by it a decision table knows a cell like `> 5` from a value."""
        try:
            self._language.translated(expression)
        except UnsafeExpression as refusal:
            if isinstance(refusal.__cause__, SyntaxError):
                raise refusal.__cause__ from refusal
            log_refusal(logging.WARNING, expression, refusal)
            raise

    def evaluate(self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return self.environment.evaluate(expression, task.data, external_context)
        except Exception as cause:
            raise _failed(task, expression, cause) from cause

    def execute(self, task: Task, script: str, external_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return self.environment.execute(script, task.data, external_context)
        except Exception as cause:
            raise _failed(task, script, cause) from cause

    def call_service(self, task: Task, **kwargs: Any) -> Any:
        return self.environment.call_service(task.data, **kwargs)


def _failed(task: Task, source: object, cause: Exception) -> WorkflowTaskException:
    error = WorkflowTaskException(f"{cause} ({str(source)[:200]})", task=task)
    error.error_type, error.exception = type(cause).__name__, cause
    return error
