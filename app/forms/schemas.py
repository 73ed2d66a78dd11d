"""A form file as one marshmallow schema, which validates the HTML form and the JSON call alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import marshmallow as ma

from app.db import dump_json
from app.errors import Invalid
from app.forms.fields import FIELDS, Answer, Fixed, Many
from app.forms.kinds import KINDS, MAX_ANSWERS, MAX_ROWS
from app.forms.situation import Situation, Spec, given, is_required, is_visible, read_by_conditions
from app.i18n import _, lazy_

Specs = Sequence[Spec]


def answering(specs: Iterable[Spec]) -> list[Spec]:
    """The fields that have an answer: all but notes."""
    return [spec for spec in specs if KINDS[spec["kind"]].answers]


class Group(Many):
    """Fields repeated in rows, or (without `repeat`) a set of fields under one name. Each row decides what it shows."""

    most = MAX_ROWS
    demand: Any = lazy_("至少填写 1 项")

    def __init__(self, spec: Spec, situation: Situation, *, required: bool, outer: Mapping[str, Any]) -> None:
        super().__init__(spec, situation, required=required)
        self.outer = outer

    @property
    def repeated(self) -> bool:
        return bool(self.spec.get("repeat"))

    def is_blank(self, value: Any) -> bool:
        if self.repeated:
            return value in (None, "") or (isinstance(value, list) and all(_empty_row(row) for row in value))
        return False

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        if not self.repeated:  # its fields say themselves what is required
            return self._one({} if value in (ma.missing, None, "") else value)
        if self.spec.get("fixed"):
            value = fixed_rows(self.spec, value, self.situation)
            return self._deserialize(value, attr, data) if value else []
        return super().deserialize(value, attr, data, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise ma.ValidationError(_("应为列表"))
        # An empty row left standing is no row, but the others keep their places for the messages.
        rows = {i: row for i, row in enumerate(value) if self.spec.get("fixed") or not _empty_row(row)}
        self.counted(list(rows))
        found: list[dict[str, Any]] = []
        errors: dict[int, Any] = {}
        for i, row in rows.items():
            try:
                found.append(self._one(row))
            except ma.ValidationError as wrong:
                errors[i] = wrong.messages
        if errors:
            raise ma.ValidationError(errors)
        return found

    def said(self, raw: Any) -> Any:
        return raw

    def _one(self, row: Any) -> dict[str, Any]:
        if not isinstance(row, Mapping):
            raise ma.ValidationError(_("应为各项及其填写内容"))
        return load(self.spec["fields"], row, self.situation, self.outer)


def fixed_rows(spec: Spec, value: Any, situation: Situation) -> list[dict[str, Any]]:
    """The rows of a fixed group: those of its default, each with what was sent for it; what is fixed stays.

    Sent rows belong to the rows at their places. Where all of them say what they are about, that decides: a program
    that sends them in another order must not have its conclusions swapped.
    """
    base = given(spec.get("default"), "group", situation)
    rows = [row for row in base if isinstance(row, Mapping)] if isinstance(base, list) else []
    sent: list[Any] = value if isinstance(value, list) else []
    fixed = [inner["name"] for inner in answering(spec["fields"]) if inner.get("fixed")]
    names = {inner["name"] for inner in answering(spec["fields"])}
    if fixed and sent and all(isinstance(row, Mapping) and set(fixed) <= set(row) for row in sent):
        sent = _in_order(rows, sent, fixed)
    found: list[dict[str, Any]] = []
    for i, row in enumerate(rows[:MAX_ROWS]):
        said = (
            sent[i] if i < len(sent) and isinstance(sent[i], Mapping) else {k: v for k, v in row.items() if k in names}
        )
        found.append(dict(said) | {name: row.get(name) for name in fixed})
    return found


def _in_order(rows: Sequence[Spec], sent: Sequence[Spec], fixed: Sequence[str]) -> list[Spec]:
    """For each row the first one sent that is about the same and not yet taken, or an empty one."""
    left = list(sent)
    found: list[Spec] = []
    for row in rows:
        match = next((one for one in left if all(one[name] == row.get(name) for name in fixed)), None)
        if match is not None:
            left.remove(match)
        found.append(match or {})
    return found


def _empty_row(row: Any) -> bool:
    return isinstance(row, Mapping) and all(value in (None, "", [], [""], False) for value in row.values())


def field_of(spec: Spec, situation: Situation, values: Mapping[str, Any]) -> Answer:
    """The marshmallow field of a field that shows, given the values of those before it."""
    required = is_required(spec, values) or spec.get("min_items", 0) > 0
    if spec["kind"] == "group":
        return Group(spec, situation, required=required, outer=dict(values))
    if spec.get("fixed"):
        return Fixed(spec, situation, required=False)
    return FIELDS[spec["kind"]](spec, situation, required=required)


def walk(
    specs: Specs, answers: Mapping[str, Any], situation: Situation, outer: Mapping[str, Any]
) -> Iterator[tuple[Spec, Answer | None, dict[str, Any]]]:
    """What shows, in order: the field as the file has it, as marshmallow has it (None for a note), and the values
    that its conditions saw.

    A condition sees the process's data and the answers before it; what does not show, or is not well answered, has
    no value for it. Answers that no condition reads are not looked at.
    """
    values, read = dict(outer), read_by_conditions(specs)
    for spec in specs:
        visible = is_visible(spec, values)
        if not KINDS[spec["kind"]].answers:
            if visible:
                yield spec, None, values
            continue
        value = None
        if visible:
            field = field_of(spec, situation, values)
            yield spec, field, dict(values)
            if spec["name"] in read:
                value = field.said(answers.get(spec["name"]))
        values[spec["name"]] = value


class _Answers(ma.Schema):
    """The fields of one sending. A class for each, as `from_dict` makes it, costs more than the check itself."""

    error_messages = {"unknown": lazy_("没有这一项")}

    class Meta:
        unknown = ma.RAISE

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> _Answers:
        """A copy of the empty schema, with fields that were made for this sending and need no copy themselves."""
        schema = copy(_NO_ANSWERS)
        schema.fields = schema.load_fields = dict(fields)
        for name, field in fields.items():
            schema._bind_field(name, field)
        return schema


_NO_ANSWERS = _Answers()


def load(
    specs: Specs, answers: Mapping[str, Any], situation: Situation, outer: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The checked answers of the fields that show. Raises marshmallow's ValidationError with all that is wrong."""
    outer = situation.data if outer is None else outer
    fields = {spec["name"]: field for spec, field, _seen in walk(specs, answers, situation, outer) if field is not None}
    hidden = {spec["name"] for spec in answering(specs)} - set(fields)
    given = {str(name): value for name, value in answers.items() if name not in hidden}
    return dict(_Answers.of(fields).load(given))


def validate(form: Mapping[str, Any], answers: Mapping[str, Any], situation: Situation) -> dict[str, Any]:
    """The answers as they enter the process. Raises Invalid; an error of a row is keyed `items-0-text`."""
    if not isinstance(answers, Mapping):
        raise Invalid({"_": [_("应为各项及其填写内容")]})
    try:
        found = load(form["fields"], answers, situation)
    except ma.ValidationError as wrong:
        raise Invalid(dict(flatten(wrong.messages))) from wrong
    if len(dump_json(found).encode()) > MAX_ANSWERS:
        raise Invalid({"_": [_("填写内容过多")]})
    return found


def flatten(messages: Any, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """marshmallow's nested messages by the names that the fields have in HTML."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            key = "_" if name == "_schema" else str(name)[:100]
            yield from flatten(inner, f"{prefix}-{key}" if prefix else key)
    else:
        yield prefix or "_", [str(message) for message in (messages if isinstance(messages, list) else [messages])]
