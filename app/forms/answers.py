"""Forms read by others: answers in words for timelines and record pages, and the form itself for the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app import files
from app.clock import local
from app.forms import picking, tolerance
from app.forms.conditions import text_of
from app.forms.situation import Spec, options_of
from app.i18n import _, pick


@dataclass
class Shown:
    """One answer. Exactly one of `text`, `photos`, `files` and `rows` holds something."""

    kind: str
    label: str
    text: str = ""
    files: list[files.Attachment] = field(default_factory=list)
    rows: list[list[Shown]] = field(default_factory=list)


def shown_answers(
    form: Mapping[str, Any], answers: Mapping[str, Any], session: Session, data: Mapping[str, Any] | None = None
) -> list[Shown]:
    """Label and value of every field that was answered, in the form's order; what was left empty is left out."""
    return list(_shown(form["fields"], answers, session, data or {}))


def _shown(
    specs: Sequence[Spec], answers: Mapping[str, Any], session: Session, data: Mapping[str, Any]
) -> Iterator[Shown]:
    for spec in specs:
        value = answers.get(spec["name"]) if "name" in spec else None
        if value in (None, "", [], {}):
            continue
        one = Shown(spec["kind"], pick(spec.get("label")))
        if spec["kind"] == "group":
            rows = value if isinstance(value, list) else [value]
            one.rows = [list(_shown(spec["fields"], row, session, data)) for row in rows if isinstance(row, Mapping)]
        elif spec["kind"] in ("photos", "files"):
            one.files = files.named(session, value if isinstance(value, list) else [])
        else:
            one.text = text_for(spec, value, session, data)
        if one.text or one.files or any(one.rows):
            yield one


def text_for(spec: Spec, value: Any, session: Session, data: Mapping[str, Any]) -> str:
    """An answer in words."""
    kind = spec["kind"]
    if kind in ("select", "radio", "checklist"):
        labels = {option.key: pick(option.label) for option in options_of(spec, data)}
        listed = value if isinstance(value, list) else [value]
        return _("、").join(labels.get(text_of(item), text_of(item)) for item in listed)
    if kind in ("user", "organisation", "subject"):
        return picking.label_of(session, picking.picker_name(spec), text_of(value))
    if kind == "checkbox":
        return _("是") if value is True else _("否")
    if kind in ("number", "money") and isinstance(value, (int, float)):
        unit = _("元") if kind == "money" else pick(spec.get("unit"))
        return f"{value:,} {unit}".strip()
    if kind == "datetime":
        try:
            return local(tolerance.moment(text_of(value))).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            return text_of(value)
    return " ".join(filter(None, (text_of(value), pick(spec.get("unit")))))


_AS_IS = (
    "kind", "name", "required", "visible_if", "min", "max", "min_length", "max_length", "pattern", "decimals",
    "min_items", "max_items", "repeat", "default", "role", "org", "org_kind", "picker", "source",
)  # fmt: skip
_TEXTS = ("label", "help", "unit", "text")


def describe(form: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The form as JSON: texts in the present language, and under `<word>_texts` in both.

    Conditions are given as they stand in the file; the server evaluates them over `data` and the answers.
    """
    return {
        "title": pick(form.get("title")),
        "title_texts": form.get("title"),
        "fields": _fields(form["fields"], data or {}),
    }


def _fields(specs: Sequence[Spec], data: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for spec in specs:
        one: dict[str, Any] = {word: spec[word] for word in _AS_IS if word in spec}
        for word in _TEXTS:
            if word in spec:
                one |= {word: pick(spec[word]), f"{word}_texts": spec[word]}
        if "options" in spec or "source" in spec:
            one["options"] = [
                {"value": o.value, "label": pick(o.label), "label_texts": o.label} for o in options_of(spec, data)
            ]
        if "fields" in spec:
            one["fields"] = _fields(spec["fields"], data)
        found.append(one)
    return found
