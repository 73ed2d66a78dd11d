"""What is wrong with a table as a whole: rows that overlap, rows that never apply, inputs for which none does.

Nothing is claimed of what cannot be analysed: a general expression in a cell may apply or not, a column whose input is
computed may have any value. Each finding has an input as its example; `DecisionTable.decide` agrees with all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.designer.decisions.cells import Cell, holds, path_of, read_cell, record
from app.designer.decisions.regions import Domain, Region, regions, subtract
from app.engine import Engine

OVERLAP, NEVER, GAP, FAILS = "overlap", "never", "gap", "fails"
MOST_PIECES, MOST_WORK, MOST_FINDINGS, MOST_GAPS = 4_000, 150_000, 60, 12
Box = tuple[frozenset[int], ...]


@dataclass(frozen=True)
class Finding:
    """`rows` are numbers from 1. `example` has a value for each analysable input, by its expression."""

    kind: str
    rows: tuple[int, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, tuple[Region, ...]] = field(default_factory=dict)  # of a gap: the regions of each input
    column: int | None = None  # of a cell that cannot be computed


@dataclass(frozen=True)
class Analysis:
    """`unknown` are the cells (row, column), from 1, of which nothing can be said; `complete`: nothing was given up."""

    findings: tuple[Finding, ...]
    unknown: frozenset[tuple[int, int]]
    complete: bool
    regions: Mapping[str, tuple[Region, ...]]
    uncertain: bool  # some inputs are met by rows that cannot be analysed, or by none


@dataclass(frozen=True)
class _Row:
    """`surely`: where all its cells apply; `perhaps`: where they may; `fails`: by column, where it is not computed."""

    surely: Box | None
    perhaps: Box
    fails: tuple[tuple[int, Box, bool], ...]


def analyse(
    engine: Engine, policy: str, inputs: Sequence[str], rows: Sequence[Sequence[str]], domains: Mapping[str, Domain]
) -> Analysis:
    """`inputs` are the columns' expressions, `rows` their cells, `domains` what is known of an input's values."""
    return _Analysis(engine, policy, inputs, rows, domains).run()


class _TooMany(Exception):
    """The inputs fall into more pieces than anybody waits for."""


class _Analysis:
    def __init__(
        self,
        engine: Engine,
        policy: str,
        inputs: Sequence[str],
        rows: Sequence[Sequence[str]],
        domains: Mapping[str, Domain],
    ) -> None:
        self.engine, self.policy, self.inputs = engine, policy, [text.strip() for text in inputs]
        self.cells = [[read_cell(engine, col, text) for col, text in zip(inputs, row, strict=True)] for row in rows]
        self.domains = domains
        self.answers: dict[tuple[str, str], tuple[frozenset[int], frozenset[int]]] = {}
        self.names = list(dict.fromkeys(self.inputs))
        self.regions = {name: self._cut(name, domains.get(name, Domain())) for name in self.names}
        self.complete, self.work = True, 0
        self.full: Box = tuple(frozenset(range(len(self._of(name)))) for name in self.names)

    def _of(self, name: str) -> list[Region]:
        return self.regions[name] or [Region(None, True)]

    def _cut(self, name: str, domain: Domain) -> list[Region] | None:
        """The regions of an input; None where it is computed, hangs on another one or mixes kinds of value."""
        path = path_of(name)
        columns = [n for n, text in enumerate(self.inputs) if text == name]
        cells = [row[n] for row in self.cells for n in columns]
        if all(cell.anything for cell in cells) and path is None:
            return [Region(None, True)]
        if path is None or any(self._hang_together(path, other) for other in self.names if other != name):
            return None
        constants = {constant for cell in cells for constant in cell.constants or ()}
        return regions(domain, constants)

    def _hang_together(self, path: tuple[str, ...], other: str) -> bool:
        there = path_of(other)
        if there is None:
            return path[0] in _names(self.engine, other)
        shorter = min(len(path), len(there))
        return path[:shorter] == there[:shorter]

    def run(self) -> Analysis:
        read = [self._row(row) for row in self.cells]
        unknown = {
            (r, c)
            for r, row in enumerate(self.cells, 1)
            for c, cell in enumerate(row, 1)
            if not self._known(cell, self.inputs[c - 1])
        }
        findings = [*self._failing(read), *self._overlaps(read), *self._never(read)]
        gaps, uncertain = self._gaps(read)
        return Analysis(
            tuple((findings + gaps)[:MOST_FINDINGS]),
            frozenset(unknown),
            self.complete and len(findings) + len(gaps) <= MOST_FINDINGS,
            {name: tuple(found) for name, found in self.regions.items() if found is not None},
            uncertain,
        )

    def _known(self, cell: Cell, column: str) -> bool:
        if cell.anything:
            return True
        if self.regions[column] is None:
            return False
        return cell.constants is not None or (cell.alone and not self.domains.get(column, Domain()).open)

    def _row(self, row: Sequence[Cell]) -> _Row:
        surely, perhaps, sure = list(self.full), list(self.full), True
        fails: list[tuple[int, Box, bool]] = []
        for place, cell in enumerate(row):
            column = self.inputs[place]
            if cell.anything:
                continue
            if not self._known(cell, column):
                sure = False
                continue
            dimension = self.names.index(column)
            yes, error = self._answers(cell, column)
            if error:
                box = list(perhaps)
                box[dimension] = box[dimension] & error
                fails.append((place + 1, tuple(box), sure))
            surely[dimension] = surely[dimension] & yes
            perhaps[dimension] = perhaps[dimension] & yes
        return _Row(tuple(surely) if sure and all(surely) else None, tuple(perhaps), tuple(fails))

    def _answers(self, cell: Cell, column: str) -> tuple[frozenset[int], frozenset[int]]:
        """In which regions the cell applies, and in which it cannot be computed. The same cell is asked once."""
        if (column, cell.text) in self.answers:
            return self.answers[column, cell.text]
        path = path_of(column)
        yes, error = set(), set()
        for place, region in enumerate(self._of(column)):
            said = holds(self.engine, column, cell.text, record({path: region.value} if path else {}))
            if said is None:
                error.add(place)
            elif said:
                yes.add(place)
        self.answers[column, cell.text] = frozenset(yes), frozenset(error)
        return self.answers[column, cell.text]

    # -- findings

    def _failing(self, read: Sequence[_Row]) -> list[Finding]:
        """Where the whole table gives nothing, because a cell that is asked cannot be computed."""
        found = []
        for number, row in enumerate(read, 1):
            for column, box, sure in row.fails:
                if not sure or not all(box):
                    continue
                asked = read[: number - 1] if self.policy == "UNIQUE" else ()  # which asks only until a row applies
                before = [one for above in asked for one in (above.perhaps, *(b for _c, b, _s in above.fails))]
                if left := self._left([box], before):
                    found.append(Finding(FAILS, (number,), self._example(left[0]), column=column))
                    break
        return found

    def _overlaps(self, read: Sequence[_Row]) -> list[Finding]:
        if self.policy != "UNIQUE":
            return []
        found = []
        for a, first in enumerate(read, 1):
            for b, second in enumerate(read[a:], a + 1):
                if first.surely is None or second.surely is None:
                    continue
                common = tuple(x & y for x, y in zip(first.surely, second.surely, strict=True))
                if all(common):
                    found.append(Finding(OVERLAP, (a, b), self._example(common)))
        return found

    def _never(self, read: Sequence[_Row]) -> list[Finding]:
        """Rows without any input, and under FIRST those before which another one always applies."""
        found = []
        for number, row in enumerate(read, 1):
            if not all(row.perhaps):
                found.append(Finding(NEVER, (number,)))
                continue
            if self.policy != "FIRST":
                continue
            above = [(place, before.surely) for place, before in enumerate(read[: number - 1], 1) if before.surely]
            if self._left([row.perhaps], [box for _place, box in above]) == []:
                meeting = [place for place, box in above if all(x & y for x, y in zip(box, row.perhaps, strict=True))]
                found.append(Finding(NEVER, (number, *meeting)))
        return found

    def _gaps(self, read: Sequence[_Row]) -> tuple[list[Finding], bool]:
        """Inputs that no row meets, and whether others are met only by rows that cannot be analysed."""
        if not read:
            return [Finding(GAP, (), self._example(self.full))], False
        perhaps = [box for row in read for box in (row.perhaps, *(b for _c, b, _s in row.fails))]
        left = self._left([self.full], perhaps)
        surely = [box for row in read for box in ([row.surely] if row.surely else [])]
        surely += [box for row in read for _c, box, sure in row.fails if sure]
        uncertain = bool(self._left([self.full], surely)) and any(row.surely is None for row in read)
        gaps = [Finding(GAP, (), self._example(box), self._where(box)) for box in left or ()]
        if len(gaps) > MOST_GAPS:
            self.complete = False
        return gaps[:MOST_GAPS], uncertain

    def _left(self, boxes: list[Box], others: Sequence[Box]) -> list[Box] | None:
        """What lies outside; None where that was given up, and nothing may be claimed."""
        try:
            return self._outside(boxes, others)
        except _TooMany:
            self.complete = False
            return None

    def _outside(self, boxes: list[Box], others: Sequence[Box]) -> list[Box]:
        """What of the boxes lies outside of the others. Raises _TooMany where it falls into too many pieces."""
        left = boxes
        for other in others:
            if not all(other):
                continue
            left = [piece for box in left for piece in subtract(box, other)]
            self.work += len(left) + 1
            if len(left) > MOST_PIECES or self.work > MOST_WORK:
                raise _TooMany
        return left

    def _example(self, box: Box) -> dict[str, Any]:
        return {
            name: self._of(name)[min(side)].value
            for name, side in zip(self.names, box, strict=True)
            if self.regions[name] is not None and path_of(name) is not None
        }

    def _where(self, box: Box) -> dict[str, tuple[Region, ...]]:
        """The inputs that matter for it: where some values are in the box and others not."""
        return {
            name: tuple(self._of(name)[place] for place in sorted(side))
            for name, side in zip(self.names, box, strict=True)
            if self.regions[name] is not None and len(side) < len(self._of(name))
        }


def _names(engine: Engine, text: str) -> frozenset[str]:
    try:
        return engine.language.names(text)
    except ValueError:
        return frozenset()
