"""A condition as rows that anybody can fill in, and back: which field, how compared, with what.

Nested conditions do not fit into rows; they are kept as they are and shown as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.forms import conditions
from app.forms.condition_words import WORDS
from app.forms.conditions import ALIASES, WITHOUT_VALUE, text_of
from app.i18n import lazy_, pick

Spec = Mapping[str, Any]
NEVER, ALWAYS, ALL, ANY, EXPERT = "never", "always", "all", "any", "expert"
OTHER = "__other"
_MANY = ("in", "not_in")
_TITLES = {
    NEVER: lazy_("否"),
    ALWAYS: lazy_("是"),
    ALL: lazy_("满足全部条件时"),
    ANY: lazy_("满足任一条件时"),
    EXPERT: lazy_("按 JSON 条件"),
}


def fields_for(prefix: str, label: Any, earlier: Sequence[Spec], condition: Any, *, plain: Sequence[str]) -> list[Spec]:
    """The fields of the builder. `plain` are the answers beside conditions, such as yes and no."""
    names = [*dict.fromkeys([*(one["name"] for one in earlier), *sorted(set(conditions.names(condition)))])]
    labels = {one["name"]: pick(one.get("label")) for one in earlier}
    modes = [*plain, ALL, ANY, EXPERT]
    mode = f"{prefix}_mode"
    rows = {"any": [_is(mode, ALL), _is(mode, ANY)]}
    return [
        {
            "name": mode,
            "kind": "radio",
            "label": label,
            "wide": True,
            "options": [_option(m, _TITLES[m]) for m in modes],
        },
        {
            "name": f"{prefix}_rows",
            "kind": "group",
            "repeat": True,
            "label": lazy_("条件"),
            "min_items": 1,
            "max_items": 20,
            "visible_if": rows,
            "fields": _row(names, labels, earlier),
        },
        {
            "name": f"{prefix}_json",
            "kind": "textarea",
            "label": lazy_("条件（JSON）"),
            "visible_if": _is(mode, EXPERT),
            "help": lazy_('如 {"all": [{"field": "grade", "op": "==", "value": "major"}, …]}'),
        },
    ]


def _row(names: Sequence[str], labels: Mapping[str, str], earlier: Sequence[Spec]) -> list[Spec]:
    chosen = [_option(name, f"{labels[name]}（{name}）" if name in labels else name) for name in names]
    with_options = [one for one in earlier if _fixed_options(one)]
    known = [one["name"] for one in with_options]
    many = {"field": "op", "op": "in", "value": list(_MANY)}
    compared = {"not": {"field": "op", "op": "in", "value": list(WITHOUT_VALUE)}}
    found: list[Spec] = [
        {
            "name": "field",
            "kind": "select",
            "label": lazy_("字段"),
            "options": [*chosen, _option(OTHER, lazy_("其他变量"))],
        },
        {"name": "variable", "kind": "text", "label": lazy_("变量"), "visible_if": _is("field", OTHER)},
        {
            "name": "op",
            "kind": "select",
            "label": lazy_("比较"),
            "options": [_option(op, word) for op, word in WORDS.items()],
            "default": "==",
        },
    ]
    for one in with_options:
        of = [_option(text_of(o["value"]), pick(o.get("label")) or text_of(o["value"])) for o in _fixed_options(one)]
        mine = _is("field", one["name"])
        found.append(
            {"name": f"v_{one['name']}", "kind": "select", "label": lazy_("值"), "options": of,
             "visible_if": {"all": [mine, compared, {"not": many}]}}
        )  # fmt: skip
        found.append(
            {"name": f"m_{one['name']}", "kind": "checklist", "label": lazy_("值"), "options": of,
             "visible_if": {"all": [mine, many]}}
        )  # fmt: skip
    free = {"not": {"field": "field", "op": "in", "value": known}} if known else True
    found.append(
        {"name": "value", "kind": "text", "label": lazy_("值"), "help": lazy_("多个值用“、”分开"),
         "visible_if": {"all": [free, compared]}}
    )  # fmt: skip
    return found


def values_of(prefix: str, condition: Any, earlier: Sequence[Spec], *, otherwise: str) -> dict[str, Any]:
    """A condition as answers of the builder; `otherwise` is what no condition at all means."""
    if condition is None:
        return {f"{prefix}_mode": otherwise}
    if isinstance(condition, bool):
        return {f"{prefix}_mode": ALWAYS if condition else NEVER}
    mode, parts = ALL, [condition]
    if isinstance(condition, Mapping):
        for word, name in (("all", ALL), ("any", ANY)):
            if set(condition) == {word} and isinstance(condition[word], list):
                mode, parts = name, condition[word]
    whole = {f"{prefix}_json": json.dumps(condition, ensure_ascii=False)}
    if not all(isinstance(part, Mapping) and isinstance(part.get("field"), str) for part in parts):
        return {f"{prefix}_mode": EXPERT, **whole}
    kinds = {one["name"]: one for one in earlier if _fixed_options(one)}
    return {f"{prefix}_mode": mode, f"{prefix}_rows": [_values(part, kinds) for part in parts], **whole}


def _values(part: Mapping[str, Any], kinds: Mapping[str, Spec]) -> dict[str, Any]:
    name, op, value = part["field"], ALIASES.get(str(part.get("op")), part.get("op")), part.get("value")
    row: dict[str, Any] = {"field": name, "op": op}
    if name in kinds and op in _MANY:
        row[f"m_{name}"] = [text_of(one) for one in value] if isinstance(value, list) else []
    elif name in kinds:
        row[f"v_{name}"] = text_of(value)
    elif isinstance(value, list):
        row["value"] = "、".join(text_of(one) for one in value)
    else:
        row["value"] = text_of(value)
    return row


def condition_of(prefix: str, values: Mapping[str, Any], earlier: Sequence[Spec]) -> Any:
    """The condition that the answers describe: True, False, a mapping. ValueError where the JSON cannot be read."""
    mode = values.get(f"{prefix}_mode")
    if mode in (ALWAYS, NEVER, None, ""):
        return mode != NEVER
    if mode == EXPERT:
        try:
            return json.loads(values.get(f"{prefix}_json") or "null")
        except RecursionError as deep:
            raise ValueError("nested too deeply") from deep
    rows = values.get(f"{prefix}_rows")
    by_name = {one["name"]: one for one in earlier}
    parts = [_part(row, by_name) for row in rows or () if isinstance(row, Mapping) and row.get("field")]
    if len(parts) == 1 and mode == ALL:
        return parts[0]
    return {mode: parts}


def _part(row: Mapping[str, Any], by_name: Mapping[str, Spec]) -> dict[str, Any]:
    name = row["field"] if row["field"] != OTHER else str(row.get("variable") or "").strip()
    op = row.get("op") or "=="
    part: dict[str, Any] = {"field": name, "op": op}
    if op in WITHOUT_VALUE:
        return part
    spec = by_name.get(name, {})
    if options := _fixed_options(spec):
        typed = {text_of(option["value"]): option["value"] for option in options}
        given = row.get(f"m_{name}") or [] if op in _MANY else row.get(f"v_{name}")
        part["value"] = (
            [typed.get(one, one) for one in given]
            if isinstance(given, list)
            else typed.get(str(given or ""), given or "")
        )
        return part
    text = str(row.get("value") or "")
    if op in _MANY:
        part["value"] = [
            _typed(one.strip(), spec) for one in text.replace("，", "、").replace(",", "、").split("、") if one.strip()
        ]
    else:
        part["value"] = _typed(text, spec)
    return part


def _typed(text: str, spec: Spec) -> Any:
    """Numbers for fields that are numbers; of a variable that no field gives, as it is written."""
    if spec.get("kind") in ("number", "money") or not spec:
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            pass
    if text in ("true", "false") and (not spec or spec.get("kind") == "checkbox"):
        return text == "true"
    return text


def _fixed_options(spec: Spec) -> list[Spec]:
    if spec.get("kind") == "checkbox":
        return [{"value": True, "label": lazy_("已勾选")}, {"value": False, "label": lazy_("未勾选")}]
    options = spec.get("options")
    if spec.get("source") or not isinstance(options, list):
        return []
    return [one for one in options if isinstance(one, Mapping) and "value" in one]


def _is(name: str, value: str) -> dict[str, Any]:
    return {"field": name, "op": "==", "value": value}


def _option(value: str, label: Any) -> dict[str, Any]:
    return {"value": value, "label": label}
