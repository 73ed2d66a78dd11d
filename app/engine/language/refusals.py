"""What is refused is logged: an attempt to leave the language should not go unnoticed."""

from __future__ import annotations

import logging

from app.engine.language.errors import ExpressionFailed, UnknownName, UnsafeExpression
from app.engine.language.limits import MAX_LOGGED

log = logging.getLogger("duban.language")


class guarded:  # noqa: N801 (a context manager, said in place of a function: every step evaluates a dozen times)
    """Every refusal is logged, and whatever else a value may provoke becomes an ExpressionFailed."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, (ExpressionFailed, UnknownName)):
            return
        if isinstance(error, UnsafeExpression):
            log_refusal(logging.WARNING, self._text, error)
        elif isinstance(error, RecursionError):
            too_deep = UnsafeExpression("嵌套过深", "nested too deeply")
            log_refusal(logging.WARNING, self._text, too_deep)
            raise too_deep from error
        elif isinstance(error, (TypeError, ValueError, ArithmeticError, LookupError)):
            raise ExpressionFailed(*_reason(error)) from error


def _reason(error: Exception) -> tuple[str, str]:
    """In our words: Python's would quote the data."""
    if isinstance(error, ZeroDivisionError):
        return "除数为零", "division by zero"
    if isinstance(error, LookupError):
        return "没有这一项", "there is no such item"
    return "数据不适合此运算", f"the values do not fit ({type(error).__name__})"


def log_refusal(level: int, text: object, refusal: UnsafeExpression) -> None:
    log.log(level, "expression refused: %s: %r", refusal.en, str(text)[:MAX_LOGGED])
