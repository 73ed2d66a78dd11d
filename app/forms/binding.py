"""A form with values and errors, ready for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from app import files, web
from app.audit import SYSTEM
from app.clock import local
from app.forms import picking, tolerance
from app.forms.answers import text_for
from app.forms.builders import builders
from app.forms.conditions import text_of
from app.forms.kinds import KINDS, MAX_FILES, MAX_OPTIONS, MAX_ROWS, TEXT_LENGTH, WITH_OPTIONS
from app.forms.schemas import fixed_rows, walk
from app.forms.situation import Option, Situation, Spec, default_of, given, options_of, read_by_conditions
from app.i18n import _, pick

Errors = Mapping[str, Sequence[Any]]
NEW_ROW = "__INDEX__"  # what static/js/forms.js replaces
MAX_COLUMNS = 4  # of the table that a fixed group is


@dataclass
class BoundField:
    """One field as it is drawn. `name` is the HTML name (`items-0-text`), `id` what labels and links point to."""

    spec: Spec
    name: str
    value: Any = None
    errors: list[str] = field(default_factory=list)
    required: bool = False
    affects: bool = False  # other fields may show or hide when it changes
    options: list[Option] = field(default_factory=list)
    low: str = ""
    high: str = ""
    files: list[files.Attachment] = field(default_factory=list)
    rows: list[BoundRow] = field(default_factory=list)
    new_row: BoundRow | None = None
    search: str | None = None  # text searched for; None where the picker needs no search
    find_url: str = ""
    text: str = ""  # what a fixed field shows
    row_id: str = ""  # in a fixed group: id of the text that says what the row is about
    columns: list[Column] = field(default_factory=list)  # of a fixed group
    built: Any = None  # what its builder draws

    @property
    def kind(self) -> str:
        return str(self.spec["kind"])

    @property
    def template(self) -> str:
        if self.built is not None:
            return builders[self.spec["builder"]].template
        return "forms/_fixed.html" if self.fixed else f"fields/{self.kind}.html"

    @property
    def fixed(self) -> bool:
        return bool(self.spec.get("fixed")) and self.kind != "group"

    @property
    def id(self) -> str:
        return f"f-{self.name}"

    @property
    def label(self) -> str:
        return pick(self.spec.get("label"))

    @property
    def help(self) -> str:
        return pick(self.spec.get("help"))

    @property
    def unit(self) -> str:
        return _("元") if self.kind == "money" else pick(self.spec.get("unit"))

    @property
    def wide(self) -> bool:
        crowded = self.kind == "radio" and sum(len(pick(o.label)) + 2 for o in self.options) > 22
        return bool(self.spec.get("wide", KINDS[self.kind].wide or crowded))

    @property
    def compact(self) -> bool:
        """Whether it fits into a cell of a table."""
        return self.kind != "note" and (self.fixed or not self.wide)

    @property
    def filled(self) -> bool:
        return any(self.value) if isinstance(self.value, set) else bool(self.value or self.files)

    @property
    def done(self) -> int:
        """Rows that are filled in."""
        return sum(row.filled for row in self.rows)

    @property
    def in_row(self) -> bool:
        return "-" in self.name

    @property
    def described_by(self) -> str:
        """Ids of the error and the help under the field."""
        return " ".join(
            f"{self.id}-{what}" for what in ("err" if self.errors else "", "help" if self.help else "") if what
        )

    @property
    def max_length(self) -> int:
        return int(self.spec.get("max_length", TEXT_LENGTH[self.kind][0]))

    @property
    def least(self) -> int:
        return int(self.spec.get("min_items", 1 if self.required else 0))

    @property
    def most(self) -> int:
        return int(self.spec.get("max_items", MAX_ROWS if self.kind == "group" else MAX_FILES))

    @property
    def phrases(self) -> list[str]:
        return [pick(phrase) for phrase in self.spec.get("phrases", ())]

    @property
    def segmented(self) -> bool:
        """Few short options stand in one bar; more, or longer ones, wrap."""
        return len(self.options) <= 5 and sum(len(pick(o.label)) for o in self.options) <= 24


@dataclass
class BoundRow:
    index: int | str
    fields: list[BoundField]

    @property
    def filled(self) -> bool:
        """All that is required is there; where nothing is, anything."""
        asked = [f for f in self.fields if not f.fixed and f.kind != "note"]
        needed = [f for f in asked if f.required]
        return all(f.filled for f in needed) if needed else any(f.filled for f in asked)

    def cell(self, column: Column) -> BoundField | None:
        return next((f for f in self.fields if f.spec.get("name") == column.name), None)

    def below(self, columns: Sequence[Column]) -> list[BoundField]:
        """What does not fit into the columns."""
        names = {column.name for column in columns}
        return [f for f in self.fields if f.spec.get("name") not in names]


@dataclass(frozen=True)
class Column:
    """`required`: in every row, so that its head says it for all."""

    name: str
    label: str
    required: bool


@dataclass
class BoundForm:
    title: str
    fields: list[BoundField]
    errors: dict[str, list[str]]
    labels: dict[str, str]  # HTML name → label, for the summary of errors

    @property
    def sends_files(self) -> bool:
        """Whether the form needs enctype="multipart/form-data" without JavaScript."""
        return any(f.kind in ("photos", "files") for f in self.every)

    @property
    def affects(self) -> bool:
        return any(f.affects for f in self.every)

    @property
    def every(self) -> list[BoundField]:
        return [f for one in self.fields for f in (one, *(inner for row in one.rows for inner in row.fields))]


def bind(
    form: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    errors: Errors | None = None,
    *,
    data: Mapping[str, Any] | None = None,
    session: Session | None = None,
    user: Any = None,
    searches: Mapping[str, str] | None = None,
    instance_id: str | None = None,
) -> BoundForm:
    """The fields that show, with values (a draft, or what was sent) and, where there are none yet, defaults.

    `data` is the process's data. `errors` are those of errors.Invalid. `searches` is `Received.searches`.
    """
    session = session or web.db.session()
    actor = user.actor() if user is not None else SYSTEM
    data = data or {}
    here = Situation(web.clock().now(), data, session, actor, user, instance_id or data.get("instance_id"))
    messages = {name: [str(text) for text in texts] for name, texts in (errors or {}).items()}
    drawing = _Drawing(here, messages, searches or {})
    fields = drawing.fields(form["fields"], values or {}, here.data, "")
    labels = {f.name: f.label for f in fields}
    for one in fields:
        for row in one.rows:
            place = f" {row.index + 1}" if isinstance(row.index, int) else ""
            labels |= {f.name: f"{one.label}{place} {f.label}" for f in row.fields}
    return BoundForm(pick(form.get("title")), fields, messages, labels)


@dataclass
class _Drawing:
    situation: Situation
    errors: dict[str, list[str]]
    searches: Mapping[str, str]

    def fields(
        self, specs: Sequence[Spec], values: Mapping[str, Any], outer: Mapping[str, Any], prefix: str
    ) -> list[BoundField]:
        filled = self.with_defaults(specs, values)
        read = read_by_conditions(specs)
        found: list[BoundField] = []
        for spec, answer, seen in walk(specs, filled, self.situation, outer):
            if answer is None:
                found.append(BoundField(spec, f"{prefix}note-{len(found)}"))
            else:
                name = spec["name"]
                found.append(self.field(spec, prefix + name, filled.get(name), answer.required, name in read, seen))
        return found

    def with_defaults(self, specs: Sequence[Spec], values: Mapping[str, Any]) -> dict[str, Any]:
        filled = dict(values)
        for spec in specs:
            if spec.get("name") and "default" in spec and (spec["name"] not in filled or spec.get("fixed")):
                if spec["kind"] == "group" and spec["name"] in filled:
                    continue
                filled[spec["name"]] = default_of(spec, self.situation)
        return filled

    def field(
        self, spec: Spec, name: str, value: Any, required: bool, affects: bool, seen: Mapping[str, Any]
    ) -> BoundField:
        kind = spec["kind"]
        bound = BoundField(spec, name, value, self.errors.get(name, []), required, affects)
        if kind == "group":
            self.group(bound, value, seen)
        elif bound.fixed:
            assert self.situation.session is not None
            known = value not in (None, "", [], {})
            bound.text = text_for(spec, value, self.situation.session, self.situation.data) if known else ""
        elif kind in WITH_OPTIONS:
            bound.options = options_of(spec, self.situation.data)
            listed = value if isinstance(value, list) else [value]
            bound.value = {text_of(item) for item in listed} if kind == "checklist" else text_of(value)
        elif kind in ("photos", "files"):
            self.attach(bound, value)
        elif kind in ("user", "organisation", "subject"):
            self.offer(bound, value)
        else:
            bound.value = _as_input(kind, value)
            if spec.get("builder") in builders:
                bound.built = builders[spec["builder"]].draw(bound.value, self.situation)
            bound.low, bound.high = (_as_input(kind, given(spec.get(w), kind, self.situation)) for w in ("min", "max"))
        return bound

    def group(self, bound: BoundField, value: Any, seen: Mapping[str, Any]) -> None:
        specs = bound.spec["fields"]
        if not bound.spec.get("repeat"):
            inner = value if isinstance(value, Mapping) else {}
            bound.rows = [BoundRow("", self.fields(specs, inner, seen, f"{bound.name}-"))]
            return
        if bound.spec.get("fixed"):
            rows = fixed_rows(bound.spec, value, self.situation)
            bound.rows = [
                BoundRow(i, self.fields(specs, row, seen, f"{bound.name}-{i}-")) for i, row in enumerate(rows)
            ]
            bound.columns = _columns(bound.rows)
            for one in bound.rows:
                about = next((f.id for f in one.fields if f.fixed), "")
                for cell in one.fields:
                    cell.row_id = "" if cell.id == about else about
                    # What counts as filled in is said above the rows: that stays true while they are filled in.
                    cell.affects |= not cell.fixed and (cell.required or cell.kind in WITH_OPTIONS)
            return
        rows = [row if isinstance(row, dict) else {} for row in value] if isinstance(value, list) else []
        rows += [{}] * max(0, bound.least - len(rows))
        bound.rows = [
            BoundRow(i, self.fields(specs, row, seen, f"{bound.name}-{i}-")) for i, row in enumerate(rows[:MAX_ROWS])
        ]
        bound.new_row = BoundRow(NEW_ROW, self.fields(specs, {}, seen, f"{bound.name}-{NEW_ROW}-"))

    def attach(self, bound: BoundField, value: Any) -> None:
        """Only files that this person may put here are shown again: an id alone opens nothing."""
        ids = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
        here = self.situation
        assert here.session is not None
        ids = ids[:MAX_OPTIONS]
        if not files.belongs(here.session, ids, here.actor, here.instance_id):
            ids = [one for one in ids if files.belongs(here.session, [one], here.actor, here.instance_id)]
        bound.files = files.named(here.session, ids)

    def offer(self, bound: BoundField, value: Any) -> None:
        here, name = self.situation, picking.picker_name(bound.spec)
        assert here.session is not None
        filters = picking.filters_of(bound.spec, here)
        found = picking.find(here.session, here.user, name, self.searches.get(bound.name, ""), filters)
        if name == "subject" or len(found) > picking.EASY or bound.name in self.searches:
            bound.search = self.searches.get(bound.name, "")
            bound.find_url = _find_url(name, filters)
        chosen = value if isinstance(value, str) else ""
        if chosen and chosen not in dict(found) and picking.may_pick(here.session, here.user, name, chosen, filters):
            found = [(chosen, picking.label_of(here.session, name, chosen)), *found]
        bound.options, bound.value = [Option(key, label) for key, label in found], chosen


def _columns(rows: Sequence[BoundRow]) -> list[Column]:
    """What can stand side by side, in the order of the form; a field that shows in no row has no column."""
    cells: dict[str, list[BoundField]] = {}
    for f in (f for row in rows for f in row.fields if f.compact):
        cells.setdefault(f.spec["name"], []).append(f)
    found = [Column(name, group[0].label, all(f.required for f in group)) for name, group in cells.items()]
    return found[:MAX_COLUMNS]


def _find_url(name: str, filters: Mapping[str, Any]) -> str:
    return url_for("forms.options", name=name, **filters)


def _as_input(kind: str, value: Any) -> str:
    """A stored or sent value as the input holds it; what was sent and is wrong stays as it was sent."""
    if value is None or isinstance(value, (list, dict)):
        return ""
    if kind == "money" and isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if kind == "datetime":
        try:
            return local(tolerance.moment(str(value))).strftime("%Y-%m-%dT%H:%M")
        except ValueError:
            return str(value)
    if kind == "checkbox":
        return "true" if value in (True, "true", "on", "1") else ""
    return text_of(value)
