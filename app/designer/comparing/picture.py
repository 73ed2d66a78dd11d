"""A comparison as a page shows it: sentences by thing, marks for two diagrams, forms and tables side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from app.designer.comparing.comparison import ADDED, CHANGED, LAYOUT, REMOVED, WRITING, Comparison, Difference
from app.designer.comparing.documents import DIAGRAM
from app.designer.comparing.things import GROUPS, Contents, Thing
from app.designer.comparing.vocabulary import FIELD_KINDS
from app.designer.comparing.wording import Line, Wording, cut
from app.i18n import bilingual, lazy_

WORDS: dict[str, Any] = {ADDED: lazy_("已新增"), REMOVED: lazy_("已删除"), CHANGED: lazy_("已改动")}


@dataclass(frozen=True)
class Entry:
    """One thing with all that is said of it. `node` is its id on the canvas, where it has one."""

    id: str
    title: str
    kind: str
    change: str
    lines: list[Line]
    node: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Section:
    title: str
    entries: list[Entry]


@dataclass(frozen=True)
class Cell:
    """`change` is empty where both sides say the same."""

    text: str
    change: str = ""
    note: str = ""


@dataclass(frozen=True)
class Pair:
    """A form or a table on both sides, row by row: a form has one column a side, a table as many as it has."""

    id: str
    title: str
    change: str
    heads: tuple[list[Cell], list[Cell]]
    rows: list[tuple[list[Cell], list[Cell]]]
    table: bool


@dataclass
class Picture:
    sections: list[Section]
    marks: tuple[dict[str, str], dict[str, str]]
    tags: tuple[dict[str, str], dict[str, str]]
    counts: Counter[str]
    pairs: list[Pair] = field(default_factory=list)
    drawn: bool = True  # whether both sides have a diagram to show


def picture(comparison: Comparison, wording: Wording) -> Picture:
    marks = _marks(comparison)
    entries = [_entry(thing, found, wording) for thing, found in comparison.by_thing]
    groups = [
        Section(
            wording.group(name), [e for (t, _f), e in zip(comparison.by_thing, entries, strict=True) if t.group == name]
        )
        for name in GROUPS
    ]
    return Picture(
        [section for section in groups if section.entries],
        marks,
        (_tags(comparison.before, marks[0]), _tags(comparison.after, marks[1])),
        Counter(entry.change for entry in entries),
        list(_pairs(comparison, wording)),
        DIAGRAM in comparison.before.raw and DIAGRAM in comparison.after.raw,
    )


def change_of(found: list[Difference]) -> str:
    """What has happened to a thing as a whole."""
    whole = next((one.change for one in found if one.aspect is None), None)
    return whole or CHANGED


def anchor_of(thing: Thing) -> str:
    """An id for links within the page."""
    return "d-" + "".join(letter if letter.isalnum() else "-" for letter in thing.key)


def _entry(thing: Thing, found: list[Difference], wording: Wording) -> Entry:
    on_canvas = thing.file == DIAGRAM and thing.group in ("steps", "flows", "lanes") and bool(thing.id)
    return Entry(
        anchor_of(thing),
        wording.title(thing),
        wording.kind(thing),
        change_of(found),
        [wording.line(one) for one in found],
        thing.id if on_canvas else "",
        _pair_id(thing.file) if thing.group in ("forms", "decisions") else "",
    )


def _marks(comparison: Comparison) -> tuple[dict[str, str], dict[str, str]]:
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    called = {now: was for was, now in comparison.renamed.items()}  # the picture of before has its own ids
    for thing, found in comparison.by_thing:
        if thing.file != DIAGRAM or not thing.id or all(one.aspect in (LAYOUT, WRITING) for one in found):
            continue
        change = change_of(found)
        if change != ADDED:
            before[called.get(thing.id, thing.id)] = change
        if change != REMOVED:
            after[thing.id] = change
    return before, after


def _tags(contents: Contents, marks: Mapping[str, str]) -> dict[str, str]:
    """Words beside the colours, at steps; a flow is coloured and dashed."""
    return {
        node: str(WORDS[change])
        for node, change in marks.items()
        if (thing := contents.find(DIAGRAM, node)) is not None and thing.group == "steps"
    }


# -- forms and tables beside each other


def _pair_id(file: str) -> str:
    return "p-" + "".join(letter if letter.isalnum() else "-" for letter in file)


def _pairs(comparison: Comparison, wording: Wording) -> Iterator[Pair]:
    changed: dict[str, dict[str, list[Difference]]] = {}
    for thing, found in comparison.by_thing:
        if thing.group in ("forms", "decisions") and found[0].aspect != WRITING:
            changed.setdefault(thing.file, {})[thing.id] = found
    for file, differences in changed.items():
        if any(
            one.find(file, "") and one.things[f"{file}#"].kind == "unreadable"
            for one in (comparison.before, comparison.after)
        ):
            continue
        top = comparison.after.find(file, "") or comparison.before.find(file, "")
        if top is None:
            continue
        draw = _form if top.kind == "form" else _table
        yield draw(file, top, comparison, wording, differences)


def _form(file: str, top: Thing, comparison: Comparison, wording: Wording, found: dict[str, list[Difference]]) -> Pair:
    def fields(contents: Contents, other: Contents, change: str) -> dict[str, Cell]:
        cells = {}
        for thing in contents.things.values():
            if thing.file != file or thing.kind != "field":
                continue
            is_new = other.find(file, thing.id) is None
            mark = change if is_new else CHANGED if thing.id in found else ""
            kind = contents.of(thing).get("kind", "")
            indent = "　" * thing.id.count(".")
            cells[thing.id] = Cell(
                indent + bilingual(thing.name, thing.name_en), mark, str(FIELD_KINDS.get(kind, kind))
            )
        return cells

    left = fields(comparison.before, comparison.after, REMOVED)
    right = fields(comparison.after, comparison.before, ADDED)
    rows = [([left[a]] if a else [], [right[b]] if b else []) for a, b in _aligned(list(left), list(right))]
    change = change_of(found.get("", []) or [Difference(CHANGED, top, "")])
    return Pair(_pair_id(file), wording.title(top), change, ([], []), rows, False)


def _table(file: str, top: Thing, comparison: Comparison, wording: Wording, found: dict[str, list[Difference]]) -> Pair:
    def grid(contents: Contents, other: Contents, change: str) -> tuple[list[Cell], dict[str, list[Cell]]]:
        of = {thing.id: thing for thing in contents.things.values() if thing.file == file}
        columns = [thing for thing in of.values() if thing.kind in ("input", "output")]
        heads = [
            Cell(
                wording.title(column),
                change if other.find(file, column.id) is None else CHANGED if column.id in found else "",
                contents.of(column).get("inputExpression/text", contents.of(column).get("@name", "")),
            )
            for column in columns
        ]
        rows = {}
        for thing in of.values():
            if thing.kind != "rule":
                continue
            beside = other.find(file, thing.id)
            told = contents.of(thing)
            rows[thing.id] = [
                Cell(
                    cut(text := told.get(f"cell.{column.id}", ""), 80),
                    change if beside is None else CHANGED if other.of(beside).get(f"cell.{column.id}") != text else "",
                )
                for column in columns
            ]
        return heads, rows

    heads, left = grid(comparison.before, comparison.after, REMOVED)
    new_heads, right = grid(comparison.after, comparison.before, ADDED)
    rows = [(left[a] if a else [], right[b] if b else []) for a, b in _aligned(list(left), list(right))]
    change = change_of(found.get("", []) or [Difference(CHANGED, top, "")])
    return Pair(_pair_id(file), wording.title(top), change, (heads, new_heads), rows, True)


def _aligned(left: list[str], right: list[str]) -> Iterator[tuple[str, str]]:
    """Both lists beside each other: what is in both in one row where the order allows it, gaps where not."""

    for _tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        yield from zip_longest(left[a:b], right[c:d], fillvalue="")
