"""One evaluation: what it may read, what it has assigned, and how much it may still do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.language.errors import UnsafeExpression, no_variable
from app.engine.language.limits import MAX_WORK
from app.engine.language.values import known


class Run:
    """The state of one evaluation. It is never shared, so threads cannot spend each other's budget.

    Names are looked up in `bound` (the variable of a comprehension; the translator knows which), then in `own`
    (what this script has assigned), the data, and what SpiffWorkflow adds to it.
    """

    __slots__ = ("bound", "data", "left", "outside", "own")

    def __init__(self, data: Mapping[str, Any], outside: Mapping[str, Any] | None = None) -> None:
        self.data, self.outside = data, outside or {}
        self.own: dict[str, Any] = {}
        self.bound: dict[str, Any] = {}
        self.left = MAX_WORK

    def charge(self, units: int) -> None:
        """One unit is one part of a text evaluated in a loop, or one element read, copied or compared."""
        self.left -= units
        if self.left < 0:
            raise UnsafeExpression(f"运算量超过上限（{MAX_WORK} 单位）", f"more than {MAX_WORK} units of work")

    def look_up(self, name: str) -> Any:
        for place in (self.own, self.data, self.outside):
            if name in place:
                return known(place[name])
        raise no_variable(name)
