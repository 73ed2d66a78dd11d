"""What a rehearsal assumes: how many cases come, how long steps take, how they turn out, who is there to do them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import marshmallow as ma
from marshmallow import validate as be

from app import errors
from app.i18n import lazy_

MAX_COUNT, MAX_DAYS, MAX_HOURS, MAX_PEOPLE = 10_000, 1830, 24 * 366 * 2, 10_000
OFFICE, NATURAL = "office", "natural"
WORK_DAYS, ALL_DAYS = "work_days", "all_days"
TOTAL, PER_DAY, PER_WEEK = "total", "day", "week"
WEEK = {WORK_DAYS: 5, ALL_DAYS: 7}  # days of a usual week on which cases come
TASK, MESSAGE, CHILDREN = "task", "message", "children"


@dataclass(frozen=True)
class Step:
    """How long a step takes and how it turns out. Times in hours, log-normal by median and 90th percentile.

    On the clock `office` somebody works on it for that time; on `natural` it takes that time around the clock, of
    which somebody is `busy` so long. `answers`: weights of the options by field; `outcomes`: weights of what a
    message or a child brings back; `chance`: how likely a message comes at all.
    """

    clock: str = OFFICE
    median: float = 2.0
    p90: float = 8.0
    busy: float = 0.5
    chance: float = 1.0
    answers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    outcomes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Capacity:
    """People who hold a role, and how many hours of a work day each gives to this process."""

    people: int = 1
    hours: float = 7.5


USUAL = Capacity()


@dataclass(frozen=True)
class Model:
    """One rehearsal's assumptions. `starts`: weights of the ways in which cases begin (see outline.Profile).

    `per` total: `count` cases by chance over the period. `per` day or week: `rate` cases on each day on which cases
    come (`arrivals`), or in a week of such days, by chance more or less; a week with holidays has fewer.
    """

    start: dt.date
    count: int = 1000
    days: int = 365
    seed: int = 1
    arrivals: str = WORK_DAYS
    per: str = TOTAL
    rate: float = 20.0
    loops: int = 3
    steps: Mapping[str, Step] = field(default_factory=dict)
    roles: Mapping[str, Capacity] = field(default_factory=dict)
    starts: tuple[float, ...] = ()

    @property
    def a_day(self) -> float:
        """Cases on each day on which cases come."""
        return self.rate / (WEEK[self.arrivals] if self.per == PER_WEEK else 1)

    def as_dict(self) -> dict[str, Any]:
        """As JSON keeps it; `model_of` reads it."""
        found = asdict(self) | {"start": self.start.isoformat(), "starts": list(self.starts)}
        for step in found["steps"].values():
            step["outcomes"] = list(step["outcomes"])
        return found


_WEIGHT = ma.fields.Float(
    validate=be.Range(0, 1_000_000, error=lazy_("应为 0 或正数")), error_messages={"invalid": lazy_("应为数字")}
)


class _Strict(ma.Schema):
    error_messages = {"unknown": lazy_("没有这一项"), "type": lazy_("应为各项及其填写内容")}


def _number(least: float, most: float, default: float, *, whole: bool = False) -> Any:
    kind = ma.fields.Integer if whole else ma.fields.Float
    said = lazy_("应为 %(low)s 至 %(high)s 之间的数", low=f"{least:g}", high=f"{most:g}")
    words = dict.fromkeys(("invalid", "null", "too_large", "special"), said)
    return kind(load_default=default, validate=be.Range(least, most, error=said), error_messages=words)


class _StepIn(_Strict):
    clock = ma.fields.String(load_default=OFFICE, validate=be.OneOf((OFFICE, NATURAL), error=lazy_("不在可选范围内")))
    median = _number(0.01, MAX_HOURS, 2.0)
    p90 = _number(0.01, MAX_HOURS, 8.0)
    busy = _number(0, 1000, 0.5)
    chance = _number(0, 1, 1.0)
    answers = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Dict(keys=ma.fields.String(), values=_WEIGHT), load_default=dict
    )
    outcomes = ma.fields.List(_WEIGHT, load_default=list)

    @ma.validates_schema
    def in_order(self, data: Mapping[str, Any], **_more: Any) -> None:
        if data["p90"] < data["median"]:
            raise ma.ValidationError({"p90": [str(lazy_("不得小于中位数"))]})
        for name, weights in data["answers"].items():
            if weights and not any(weights.values()):
                raise ma.ValidationError({"answers": {name: [str(lazy_("至少一项大于 0"))]}})
        if data["outcomes"] and not any(data["outcomes"]):
            raise ma.ValidationError({"outcomes": [str(lazy_("至少一项大于 0"))]})


class _CapacityIn(_Strict):
    people = _number(1, MAX_PEOPLE, 1, whole=True)
    hours = _number(0.1, 24, 7.5)


class _ModelIn(_Strict):
    start = ma.fields.Date(
        required=True, error_messages=dict.fromkeys(("invalid", "required", "null"), lazy_("日期有误，应如 2026-04-20"))
    )
    count = _number(1, MAX_COUNT, 1000, whole=True)
    days = _number(1, MAX_DAYS, 365, whole=True)
    seed = _number(0, 2**31 - 1, 1, whole=True)
    loops = _number(1, 50, 3, whole=True)
    arrivals = ma.fields.String(
        load_default=WORK_DAYS, validate=be.OneOf((WORK_DAYS, ALL_DAYS), error=lazy_("不在可选范围内"))
    )
    per = ma.fields.String(
        load_default=TOTAL, validate=be.OneOf((TOTAL, PER_DAY, PER_WEEK), error=lazy_("不在可选范围内"))
    )
    rate = _number(0.01, MAX_COUNT, 20.0)
    steps = ma.fields.Dict(
        keys=ma.fields.String(validate=be.Length(max=120)), values=ma.fields.Nested(_StepIn), load_default=dict
    )
    roles = ma.fields.Dict(
        keys=ma.fields.String(validate=be.Length(max=40)), values=ma.fields.Nested(_CapacityIn), load_default=dict
    )
    starts = ma.fields.List(_WEIGHT, load_default=list)

    @ma.validates_schema
    def begins(self, data: Mapping[str, Any], **_more: Any) -> None:
        if data["starts"] and not any(data["starts"]):
            raise ma.ValidationError({"starts": [str(lazy_("至少一项大于 0"))]})
        if not 2000 <= data["start"].year <= 2100:
            raise ma.ValidationError({"start": [str(lazy_("应在 2000 至 2100 年之间"))]})


def model_of(given: Mapping[str, Any]) -> Model:
    """A model from JSON. Invalid with every field that is wrong, by its dotted name: `steps.grade.median`."""
    try:
        data = _ModelIn().load(dict(given))
    except ma.ValidationError as wrong:
        raise errors.Invalid(dict(_flat(wrong.messages))) from wrong
    steps = {node: Step(**step | {"outcomes": tuple(step["outcomes"])}) for node, step in data.pop("steps").items()}
    roles = {role: Capacity(**capacity) for role, capacity in data.pop("roles").items()}
    return Model(steps=steps, roles=roles, starts=tuple(data.pop("starts")), **data)


def _flat(messages: Any, before: str = "") -> list[tuple[str, list[Any]]]:
    if not isinstance(messages, Mapping):
        return [(before or "_", list(messages) if isinstance(messages, (list, tuple)) else [messages])]
    found = []
    for name, inner in messages.items():
        part = "" if name in ("value", "_schema") else str(name)[:120]
        found += _flat(inner, ".".join(filter(None, (before, part))))
    return found
