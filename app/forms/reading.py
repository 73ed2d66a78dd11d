"""What a browser sent, as answers: rows, files chosen without JavaScript, and buttons that only change the form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict

from app import files, web
from app.db import write_transaction
from app.errors import Invalid
from app.forms.builders import builders
from app.forms.kinds import MAX_FILES, MAX_ROWS
from app.forms.schemas import answering
from app.forms.situation import Spec
from app.i18n import pick

STEP = "_step"  # refresh | find | add:<group> | remove:<group>:<index> | phrase:<field>:<index>
_SEARCH = "__q"


@dataclass(frozen=True)
class Received:
    """`step`: nothing is submitted, the form is only to be shown again. `errors`: files that were refused."""

    answers: dict[str, Any]
    step: bool
    errors: dict[str, list[Any]] = field(default_factory=dict)
    searches: dict[str, str] = field(default_factory=dict)


def receive(form: Mapping[str, Any]) -> Received:
    """The present request's answers. Files sent along are stored, in a transaction of their own, and kept by id."""
    sent = MultiDict(request.form)
    errors: dict[str, list[Any]] = {}
    for name, upload in request.files.items(multi=True):
        target = name.removesuffix("__upload")
        kind = _kind_of(form, target)
        if target == name or not upload.filename or kind not in ("photos", "files"):
            continue
        if len(sent.getlist(target)) > MAX_FILES:
            continue  # the count is refused below, by the schema
        try:
            sent.add(target, _store(upload, photo=kind == "photos"))
        except Invalid as wrong:
            errors.setdefault(target, []).extend(f"{upload.filename}：{text}" for text in wrong.errors.get("file", ()))
    step = bool(request.args.get(STEP) or request.form.get(STEP))
    searches = {n.removesuffix(_SEARCH): v for n, v in request.form.items() if n.endswith(_SEARCH)}
    return Received(read(form, sent), step, errors, searches)


def _store(upload: FileStorage, *, photo: bool) -> str:
    prepared = files.prepare(upload.stream, upload.filename or "", photo=photo)
    with write_transaction(web.db.session()) as session:
        return files.keep(session, prepared, by=web.actor(), now=web.clock().now()).id


def _kind_of(form: Mapping[str, Any], name: str) -> str | None:
    """The kind of the field with this HTML name: `photos`, `items-0-photos`, `place-photos`."""
    first, *rest = name.split("-")
    specs: Sequence[Spec] = form["fields"]
    spec = next((s for s in specs if s.get("name") == first), None)
    if spec is not None and rest:
        spec = next((s for s in spec.get("fields", ()) if s.get("name") == rest[-1]), None)
    return spec["kind"] if spec is not None else None


def read(form: Mapping[str, Any], sent: MultiDict[str, str]) -> dict[str, Any]:
    """Raw answers by the form's own names; what else the page sends (token, buttons) is passed over.

    A field that was not on the page has no key, so that its default is still to come.
    """
    return dict(_read(form["fields"], sent, ""))


def _read(specs: Sequence[Spec], sent: MultiDict[str, str], prefix: str) -> Iterator[tuple[str, Any]]:
    for spec in answering(specs):
        name, html_name = spec["name"], prefix + spec["name"]
        if spec["kind"] == "group":
            if (value := _group(spec, sent, html_name)) is not None:
                yield name, value
        elif html_name in sent and not spec.get("fixed"):
            values = sent.getlist(html_name)
            if spec.get("builder") in builders:
                yield name, builders[spec["builder"]].read(sent, html_name, sent.get(STEP, ""))
            elif spec["kind"] in ("checklist", "photos", "files"):
                yield name, [value for value in values if value]
            else:  # a checkbox follows an empty marker that says it was on the page
                yield name, values[-1] + _phrase(spec, sent, html_name)


def _phrase(spec: Spec, sent: MultiDict[str, str], name: str) -> str:
    """The usual phrase that a button asks to add to this field."""
    word, _colon, place = sent.get(STEP, "").rpartition(":")
    phrases = spec.get("phrases", ())
    if word != f"phrase:{name}" or not place.isdecimal() or int(place) >= len(phrases):
        return ""
    return pick(phrases[int(place)])


def _group(spec: Spec, sent: MultiDict[str, str], name: str) -> Any:
    if not spec.get("repeat"):
        inner = dict(_read(spec["fields"], sent, f"{name}-"))
        return inner or None
    if name not in sent:
        return None
    pattern = re.compile(rf"{name}-(\d{{1,4}})-")
    places = sorted({int(match[1]) for key in sent if (match := pattern.match(key))})[: MAX_ROWS * 2]
    rows = {place: dict(_read(spec["fields"], sent, f"{name}-{place}-")) for place in places}
    if spec.get("fixed"):  # each answer belongs to the row that the process gave, also where a row has none yet
        return [rows.get(place, {}) for place in range(min(max(rows, default=-1) + 1, MAX_ROWS))]
    return _stepped(name, sent.get(STEP, ""), rows)


def _stepped(name: str, step: str, rows: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows after the button that adds or removes one."""
    word, _colon, rest = step.partition(":")
    group, _colon, place = rest.partition(":")
    if word == "remove" and group == name and place.isdecimal():
        rows.pop(int(place), None)
    found = list(rows.values())
    if word == "add" and group == name and len(found) < MAX_ROWS:
        found.append({})
    return found
