"""Two packages against each other: every difference, each a record that `wording` can say.

Rule: what differs in content gives a difference here, whether the words for it are known or not. Where files differ
in nothing but how they are written (order of attributes, spaces, comments), that is a difference of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.designer.comparing.documents import DIAGRAM, contents_of
from app.designer.comparing.renaming import renamed_steps, renaming
from app.designer.comparing.things import GROUPS, ORDER, Contents, Thing
from app.engine import Package

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
LAYOUT, WRITING = "layout", "writing"  # aspects of a file as a whole
IDENTITY = "id"  # of a step that is the same one by another id


@dataclass(frozen=True)
class Difference:
    """`aspect` is None where the whole thing was added or removed; `old`, `new` are None where it was not there."""

    change: str
    thing: Thing  # as it is afterwards; of what was removed, as it was
    aspect: str | None = None
    old: str | None = None
    new: str | None = None

    @property
    def group(self) -> str:
        return self.thing.group


@dataclass(frozen=True)
class Comparison:
    """`before` and `after` are there for what a difference refers to: names of steps, titles of forms."""

    before: Contents
    after: Contents
    differences: Sequence[Difference]
    renamed: Mapping[str, str] = field(default_factory=dict)  # ids of before, as after has them

    @property
    def by_thing(self) -> list[tuple[Thing, list[Difference]]]:
        """Differences of one thing together, in the order of the groups."""
        found: dict[str, tuple[Thing, list[Difference]]] = {}
        for one in self.differences:
            found.setdefault(one.thing.key, (one.thing, []))[1].append(one)
        return list(found.values())

    @property
    def only_drawn(self) -> bool:
        """Whether nothing but places and writing differs."""
        return all(one.aspect in (LAYOUT, WRITING) for one in self.differences)


def compare(old: Package, new: Package) -> Comparison:
    """All that differs from `old` to `new`; nothing for equal files. Steps under another id are the same steps."""
    before, after = contents_of(old), contents_of(new)
    renamed = renamed_steps(before, after)
    if renamed:
        before = contents_of(Package(old.key, {**old.files, DIAGRAM: renaming(old.files[DIAGRAM], renamed)}))
    found = [*_renamed(after, renamed), *_things(before, after), *_layouts(before, after)]
    told = {one.thing.file for one in found}
    found += [
        Difference(CHANGED, _file(before, after, name), WRITING)
        for name in sorted(set(before.raw) | set(after.raw))
        if before.raw.get(name) != after.raw.get(name) and name not in told
    ]
    found.sort(key=lambda one: GROUPS.index(one.group))
    return Comparison(before, after, found, renamed)


def _renamed(after: Contents, renamed: Mapping[str, str]) -> Iterator[Difference]:
    for was, now in renamed.items():
        thing = after.find(DIAGRAM, now)
        if thing is not None and thing.group == "steps":
            yield Difference(CHANGED, thing, IDENTITY, was, now)


def _things(before: Contents, after: Contents) -> Iterator[Difference]:
    gone = {file for file in before.raw if file not in after.raw}
    come = {file for file in after.raw if file not in before.raw}
    for key in [*after.things, *(key for key in before.things if key not in after.things)]:
        old, new = before.things.get(key), after.things.get(key)
        if new is None and old is not None:
            if old.file not in gone or not old.id:  # of a file that is gone, the file is said
                yield Difference(REMOVED, old)
        elif old is None and new is not None:
            if new.file not in come or not new.id:
                yield Difference(ADDED, new)
        elif old is not None and new is not None:
            for one in _aspects(new, dict(before.of(old)), dict(after.of(new))):
                if not _said_by_column(one, before, after):
                    yield one


def _aspects(thing: Thing, old: dict[str, str], new: dict[str, str]) -> Iterator[Difference]:
    for name in [*new, *(name for name in old if name not in new)]:
        was, now = old.get(name), new.get(name)
        if was == now or (name.startswith(ORDER) and _same_order(was, now)):
            continue
        change = ADDED if was is None else REMOVED if now is None else CHANGED
        yield Difference(change, thing, name, was, now)


def _said_by_column(one: Difference, before: Contents, after: Contents) -> bool:
    """An entry without a condition in a column that was added or removed, which is said by itself."""
    word, _dot, rest = (one.aspect or "").partition(".")
    column = rest.partition("@")[0].partition("/")[0]
    if one.thing.kind != "rule" or word not in ("cell", "entry"):
        return False
    if (before.find(one.thing.file, column) is None) == (after.find(one.thing.file, column) is None):
        return False
    return word == "entry" or (one.old if one.new is None else one.new) in ("", "-")


def _same_order(old: str | None, new: str | None) -> bool:
    """Whether what is in both stands in the same order; what was added or removed is said by itself."""
    was, now = (old or "").split("\n"), (new or "").split("\n")
    return [one for one in was if one in now] == [one for one in now if one in was]


def _layouts(before: Contents, after: Contents) -> Iterator[Difference]:
    for file in sorted(set(before.layout) | set(after.layout)):
        if file in before.raw and file in after.raw and before.layout.get(file) != after.layout.get(file):
            yield Difference(CHANGED, _file(before, after, file), LAYOUT)


def _file(before: Contents, after: Contents, name: str) -> Thing:
    found = after.find(name, "") or before.find(name, "")
    if found is not None:
        return found
    return Thing("process" if name == DIAGRAM else "other", name, "", "file", name, name)
