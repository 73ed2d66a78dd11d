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
        raise ExpressionFailed(f"数据不适合此运算（{error}）", f"the values do not fit ({error})") from error


def log_refusal(level: int, text: object, refusal: UnsafeExpression) -> None:
    log.log(level, "expression refused: %s: %r", refusal.en, str(text)[:MAX_LOGGED])
