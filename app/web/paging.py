from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from flask import request

from app.web.database import db

T = TypeVar("T")
_FURTHEST = 100_000


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list and how long the whole list is."""

    items: list[T]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.number * self.size, self.total)


def page_number() -> int:
    """`?page=` of the request; what is no page of any list is the first."""
    number = request.args.get("page", 1, type=int)
    return number if 1 <= number <= _FURTHEST else 1


def paginate(select: sa.Select[Any], number: int = 1, size: int = 20, *, max_size: int = 200) -> Page[Any]:
    """Run the select for one page. Entities of a single-column select come as themselves, else as rows."""
    number, size = max(1, number), min(max(1, size), max_size)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(select.order_by(None).subquery())) or 0
    rows = db.session.execute(select.limit(size).offset((number - 1) * size))
    single = len(select.column_descriptions) == 1
    items = list(rows.scalars().unique()) if single else list(rows.unique())
    return Page(items, total, number, size)
