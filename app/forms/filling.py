"""Forms filled in by nobody: what a rehearsal answers, and which fields it may choose in."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.clock import local
from app.engine import Choice
from app.forms.conditions import text_of
from app.forms.kinds import KINDS
from app.forms.situation import Option, Situation, Spec, given, is_required, is_visible, options_of

Chooser = Callable[[str], Any]
LATER = 15  # days from now that a day which has to be named lies ahead
ANYBODY, SOMETHING = "somebody", "推演"
_LISTS = ("photos", "files")
_NOTHING: tuple[Any, ...] = (None, "", [])


def choices(form: Mapping[str, Any]) -> list[Choice]:
    """Select, radio and checkbox fields, those in groups too; what a list variable offers is not known here."""
    return list(_choices(form.get("fields"), ""))


def _choices(specs: Any, before: str) -> Iterator[Choice]:
    for spec in specs if isinstance(specs, list) else ():
        if not isinstance(spec, Mapping) or not isinstance(spec.get("kind"), str) or spec["kind"] not in KINDS:
            continue  # a form full of mistakes still has its other fields
        name = before + str(spec.get("name", ""))
        if spec["kind"] == "group":
            yield from _choices(spec.get("fields"), f"{name}.")
        elif not spec.get("fixed") and (options := _offered(spec)):
            default = spec.get("default")
            plain = None if isinstance(default, Mapping) else default
            yield Choice(name, _text(spec.get("label")), options, plain)


def _offered(spec: Spec) -> tuple[tuple[Any, Mapping[str, str], str], ...]:
    if spec["kind"] == "checkbox" and spec.get("required") is not True:
        return ((True, {"zh": "是", "en": "Yes"}, ""), (False, {"zh": "否", "en": "No"}, ""))
    if spec["kind"] not in ("select", "radio") or spec.get("source"):
        return ()
    return tuple((option.value, _text(option.label), option.tone) for option in options_of(spec, {}))


def _text(label: Any) -> Mapping[str, str]:
    return label if isinstance(label, Mapping) else {"zh": str(label or ""), "en": str(label or "")}


class Filling:
    """One form being filled in. `at_hand` are answers that fit, where there are any."""

    def __init__(self, situation: Situation, choose: Chooser, at_hand: Mapping[str, Any]) -> None:
        self.situation, self.choose, self.at_hand = situation, choose, at_hand

    def answers(self, specs: Sequence[Spec], outer: Mapping[str, Any], before: str = "") -> dict[str, Any]:
        """For the fields that show; a condition sees the process's data and the answers before it."""
        values, found = dict(outer), {}
        for spec in specs:
            if not KINDS[spec["kind"]].answers:
                continue
            values[spec["name"]] = None
            if not is_visible(spec, values):
                continue
            required = is_required(spec, values) or spec.get("min_items", 0) > 0
            value = self._answer(spec, before + spec["name"], values, required=required)
            values[spec["name"]] = value
            if value is not None:
                found[spec["name"]] = value
        return found

    def _answer(self, spec: Spec, name: str, values: Mapping[str, Any], *, required: bool) -> Any:
        kind = spec["kind"]
        usual = given(spec.get("default"), kind, self.situation)
        if spec.get("fixed") and kind != "group":
            return usual
        if kind == "group":
            return self._rows(spec, name, values, usual, required=required)
        if kind in ("select", "radio", "checkbox", "checklist"):
            return self._chosen(spec, name, usual, required=required)
        if self.at_hand.get(name) not in _NOTHING and kind not in ("date", "datetime"):
            return self.at_hand[name]
        if kind in ("date", "datetime"):
            return self._day(spec, usual)
        if usual not in _NOTHING:
            return usual
        if not required:
            return [] if kind in _LISTS else None
        if kind in _LISTS:
            return [f"file_{n}" for n in range(max(1, spec.get("min_items", 0)))]
        if kind in ("number", "money"):
            return self._number(spec)
        return self._words(spec) if kind in ("text", "textarea") else ANYBODY

    def _rows(self, spec: Spec, name: str, values: Mapping[str, Any], usual: Any, *, required: bool) -> Any:
        if not spec.get("repeat"):
            return self.answers(spec["fields"], values, f"{name}.")
        rows = [row for row in usual if isinstance(row, Mapping)] if isinstance(usual, list) else []
        least = 0 if spec.get("fixed") else max(spec.get("min_items", 0), 1 if required else 0)
        rows += [{} for _row in range(least - len(rows))]
        names = {inner["name"] for inner in spec["fields"] if KINDS[inner["kind"]].answers}
        return [
            {key: value for key, value in row.items() if key in names and value not in (None, "")}
            | self._with(row).answers(spec["fields"], dict(values) | dict(row), f"{name}.")
            for row in rows
        ]

    def _with(self, row: Mapping[str, Any]) -> Filling:
        """What stands in a row already is at hand for its fields."""
        here = replace(self.situation, data=dict(self.situation.data) | dict(row))
        return Filling(here, self.choose, {})

    def _chosen(self, spec: Spec, name: str, usual: Any, *, required: bool) -> Any:
        if spec["kind"] == "checkbox":
            if spec.get("required") is True:
                return True
            wanted = self.choose(name)
            return wanted in (True, "true") if wanted is not None else bool(self.at_hand.get(name, usual))
        options = options_of(spec, self.situation.data)
        if spec["kind"] == "checklist":
            return [option.value for option in options[: max(1, spec.get("min_items", 0))]] if required else []
        wanted = self.choose(name)
        one = _among(options, wanted) or _among(options, self.at_hand.get(name)) or _among(options, usual)
        if one is None and required and options:
            one = options[0]
        return one.value if one else None

    def _day(self, spec: Spec, usual: Any) -> str:
        """What the form proposes if it may be said now, else a day ahead, within what the form allows."""
        now = local(self.situation.now)
        low, high = (given(spec.get(word), spec["kind"], self.situation) for word in ("min", "max"))
        if spec["kind"] == "date":
            at = now.date() + dt.timedelta(LATER)
            day = str(usual or (high if high and str(high)[:10] < at.isoformat() else at.isoformat()))[:10]
            return max(day, str(low)[:10]) if low else day
        wanted = str(usual or (now if high else now + dt.timedelta(LATER)).isoformat(timespec="minutes"))
        return max(wanted, str(low)) if low else wanted

    def _number(self, spec: Spec) -> Any:
        low, high = (given(spec.get(word), spec["kind"], self.situation) for word in ("min", "max"))
        numbers = [value for value in (low, high) if isinstance(value, (int, float))]
        return max(1, numbers[0]) if numbers and numbers[0] == low else min([1, *numbers])

    def _words(self, spec: Spec) -> str:
        text = SOMETHING * (1 + spec.get("min_length", 0) // len(SOMETHING))
        pattern = spec.get("pattern")
        return (
            "10000"
            if pattern and not re.fullmatch(pattern, text)
            else text[: max(len(SOMETHING), spec.get("min_length", 0))]
        )


def _among(options: Sequence[Option], value: Any) -> Option | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    return next((option for option in options if option.key == text_of(value)), None)
