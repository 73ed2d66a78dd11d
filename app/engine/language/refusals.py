"""What is refused is logged: an attempt to leave the language should not go unnoticed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.engine.language.errors import ExpressionFailed, UnknownName, UnsafeExpression
from app.engine.language.limits import MAX_LOGGED

log = logging.getLogger("duban.language")


@contextmanager
def guarded(text: str) -> Iterator[None]:
    """Every refusal is logged, and whatever else a value may provoke becomes an ExpressionFailed."""
    try:
        yield
    except UnsafeExpression as refusal:
        log_refusal(logging.WARNING, text, refusal)
        raise
    except (ExpressionFailed, UnknownName):
        raise
    except RecursionError as error:
        too_deep = UnsafeExpression("嵌套过深", "nested too deeply")
        log_refusal(logging.WARNING, text, too_deep)
        raise too_deep from error
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
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
