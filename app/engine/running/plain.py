"""The border of the process data: what comes in from forms, callers and service tasks (guards 4 and 12)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from app import errors
from app.i18n import lazy_

MAX_DEPTH, MAX_VALUES, MAX_TEXT, MAX_BITS = 20, 20_000, 200_000, 63
# `typename` marks SpiffWorkflow's own objects in a stored state; `self` cannot be passed to a sub-process.
RESERVED = frozenset({"typename", "self", "data_objects"})
# Variables that the engine alone writes: nobody says by an answer, a message or a correction who did what.
ENGINE_NAMES = ("instance_id", "starter", "completed_by", "signatures")
_SCALARS = (str, int, float, bool, type(None), Decimal, dt.datetime, dt.date, dt.time, dt.timedelta, bytes)


def checked(value: Any) -> Any:
    """A copy of the value if it is plain data of bounded size and depth; Invalid if not."""
    _walk(value, 0, [MAX_VALUES])
    return deepcopy(value)


def _walk(value: Any, depth: int, left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0 or depth > MAX_DEPTH:
        raise _refused(lazy_("填写的内容过多或层级过深"))
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or key in RESERVED or not _encodable(key):
                raise _refused(lazy_("不能使用“%(name)s”作为栏目名", name=_shown(key)))
            _walk(item, depth + 1, left)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            _walk(item, depth + 1, left)
    elif reason := _scalar_problem(value):
        raise _refused(reason)


def _scalar_problem(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return lazy_("填写的内容过长")
        return None if _encodable(value) else lazy_("填写的内容不是可保存的数据")
    if isinstance(value, float) and not math.isfinite(value):
        return lazy_("填写的内容不是可保存的数据")
    if isinstance(value, int) and not isinstance(value, bool):
        return lazy_("数值过大") if value.bit_length() > MAX_BITS else None
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        return lazy_("时间须带时区")
    return None if isinstance(value, _SCALARS) else lazy_("填写的内容不是可保存的数据")


def _encodable(text: str) -> bool:
    """Half of a surrogate pair, as JSON can carry it, is no text: no database takes it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(key: object) -> str:
    return str(key)[:80].encode(errors="replace").decode()


def _refused(reason: Any) -> errors.Invalid:
    return errors.Invalid({"_": [reason]}, detail=reason)
