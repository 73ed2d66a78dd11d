"""The language of diagrams: conditions, parameters, decision cells and scripts. It looks like Python and is not.

Text from a process package is data of whoever wrote it. It is parsed, translated into closures over plain values
and bounded in every direction; it reaches no Python object, no clock, no file and no other instance. What it may
call is fixed when the language is made.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from app.engine.language import expressions, scripts
from app.engine.language.budget import Run
from app.engine.language.errors import ExpressionFailed, UnknownName, UnsafeExpression
from app.engine.language.functions import frozen
from app.engine.language.limits import MAX_CACHED
from app.engine.language.refusals import guarded, log_refusal
from app.engine.language.spiff import LanguageEngine
from app.engine.language.values import leaving

__all__ = ["ExpressionFailed", "Language", "UnknownName", "UnsafeExpression"]


class Language:
    """One language with its functions. Has no state that an evaluation changes; threads may share it."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.functions = frozen(functions)
        self._expressions = functools.lru_cache(MAX_CACHED)(
            functools.partial(expressions.translate, functions=self.functions)
        )
        self._scripts = functools.lru_cache(MAX_CACHED)(functools.partial(scripts.translate, functions=self.functions))
        self.engine = LanguageEngine(self)

    def evaluate(self, text: str, data: Mapping[str, Any], outside: Mapping[str, Any] | None = None) -> Any:
        """The value of an expression: plain data, sharing nothing with `data`; dates come out as ISO text.

        UnknownName when a variable or field is not there (yet), UnsafeExpression when the text is refused,
        ExpressionFailed when its values do not fit.
        """
        with guarded(text):
            expression = self.translated(text)
            return leaving(expression.step(Run(_record(data), outside)))

    def execute(self, script: str, data: MutableMapping[str, Any], outside: Mapping[str, Any] | None = None) -> None:
        """Run a script and assign its variables to `data`: all of them, or none when it fails."""
        with guarded(script):
            translated = self.translated_script(script)
            run = Run(_record(data), outside)
            translated.run(run)
            assigned = leaving(run.own)
        data.update(assigned)

    def problem(self, text: str) -> tuple[str, str] | None:
        """Why an expression is not in the language, in both languages; None when it is."""
        return _problem(self.translated, text)

    def script_problem(self, text: str) -> tuple[str, str] | None:
        return _problem(self.translated_script, text)

    def names(self, text: str) -> frozenset[str]:
        """The variables an expression reads, those inside default() among them."""
        return self.translated(text).reads

    def script_names(self, text: str) -> tuple[frozenset[str], frozenset[str]]:
        """The variables a script needs beforehand, and those it may assign."""
        script = self.translated_script(text)
        return script.reads, script.assigns

    def translated(self, text: str) -> expressions.Expression:
        return self._expressions(expressions.sized(text))

    def translated_script(self, text: str) -> scripts.Script:
        return self._scripts(expressions.sized(text))


def _record(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise UnsafeExpression("数据不是记录", "the data is no record")
    return data


def _problem(translate: Callable[[str], Any], text: str) -> tuple[str, str] | None:
    try:
        translate(text)
    except UnsafeExpression as refusal:
        log_refusal(logging.INFO, text, refusal)
        return refusal.zh, refusal.en
    return None
