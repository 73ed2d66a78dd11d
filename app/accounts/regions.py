"""Region codes as permissions: the prefix of a code is the area it covers (GB/T 2260, 12 digits)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_GROUPS = (2, 2, 2, 3, 3)  # province, city, county, town, village
_LENGTH = sum(_GROUPS)


def region_prefix(code: str | None) -> str | None:
    """The code without its trailing zero groups: `990181101000` → `990181101`. None for what is no code.

    All zeros would mean everywhere; nobody is granted that by a code, so it is no prefix either.
    """
    if code is None or len(code) != _LENGTH or not (code.isascii() and code.isdigit()):
        return None
    end = _LENGTH
    for size in reversed(_GROUPS):
        if code[end - size : end].strip("0"):
            return code[:end]
        end -= size
    return None


def within(column: Any, code: str | None) -> sa.ColumnElement[bool]:
    """Rows whose region lies in the area of `code`. A range, not LIKE: an index serves it under any collation."""
    prefix = region_prefix(code)
    if prefix is None:
        return sa.false()
    condition: sa.ColumnElement[bool] = column.between(prefix.ljust(_LENGTH, "0"), prefix.ljust(_LENGTH, "9"))
    return condition


def contains(area: str | None, code: str | None) -> bool:
    """Whether the region `code` lies in the area of the other."""
    prefix = region_prefix(area)
    return prefix is not None and region_prefix(code) is not None and str(code).startswith(prefix)
