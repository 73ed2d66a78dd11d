"""Sheets of a workbook as rows of cells, with what is peculiar about each cell."""

from __future__ import annotations

import datetime as dt
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from app.hazards.ledger.archive import refuse, repack, unpack
from app.hazards.ledger.marks import MAX_COLUMNS, MAX_ROWS, Marks, scan
from app.i18n import _

Value = int | float | str | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None
_MAX_SHEETS = 60
_DAYS_1904 = 1462  # how far the two calendars of Excel lie apart


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: the value shown, the formula behind it, and whether it is an error such as #N/A."""

    value: Value = None
    formula: str = ""
    error: str = ""

    @property
    def blank(self) -> bool:
        text = self.value.strip() if isinstance(self.value, str) else self.value
        return text in (None, "") and not self.formula and not self.error


BLANK = Cell()


@dataclass(frozen=True)
class Row:
    """One row, numbered as Excel shows it."""

    number: int
    cells: tuple[Cell, ...]
    hidden: bool = False

    def __getitem__(self, column: int) -> Cell:
        return self.cells[column] if column < len(self.cells) else BLANK

    @property
    def blank(self) -> bool:
        return all(cell.blank for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    name: str
    rows: list[Row]
    days_offset: int = 0  # to add to a serial date: 1462 in workbooks that count from 1904
    hidden: bool = False
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)


def address(row: int, column: int) -> str:
    """C12: as Excel names the cell (row from 1, column from 0)."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row}"


def read_workbook(content: bytes) -> list[Sheet]:
    """Every worksheet with its rows. Invalid, in words, for what cannot be read or exceeds the limits."""
    parts = unpack(content)
    marks = {name: scan(data) for name, data in parts.items() if name.startswith("xl/worksheets/")}
    try:
        with CalamineWorkbook.from_filelike(repack(parts)) as book:
            names, offset = _part_names(parts), _offset(parts)
            return [
                _sheet(
                    book.get_sheet_by_name(info.name),
                    marks.get(names.get(info.name, ""), Marks()),
                    offset,
                    hidden=info.visible is not SheetVisibleEnum.Visible,
                )
                for info in book.sheets_metadata[:_MAX_SHEETS]
                if info.typ is SheetTypeEnum.WorkSheet
            ]
    except BaseException as wrong:
        # A panic of the reader is no Exception; everything else that is none is not ours to swallow.
        if isinstance(wrong, Exception) or type(wrong).__name__ == "PanicException":
            raise refuse(_("不是完好的 Excel 文件（xlsx）")) from wrong
        raise


def _sheet(sheet: CalamineSheet, marks: Marks, offset: int, *, hidden: bool) -> Sheet:
    top, left = sheet.start or (0, 0)
    grid: dict[int, dict[int, Cell]] = {}
    for number, values in enumerate(sheet.iter_rows(), top):
        grid[number] = {left + i: Cell(value) for i, value in enumerate(values) if value not in ("", None)}
    for (row, column), formula in marks.formulas.items():
        shown = grid.setdefault(row, {}).get(column, BLANK)
        grid[row][column] = Cell(shown.value, formula, shown.error)
    for (row, column), error in marks.errors.items():
        shown = grid.setdefault(row, {}).get(column, BLANK)
        grid[row][column] = Cell(None, shown.formula, error)
    merged = list(sheet.merged_cell_ranges or [])
    _fill_merged(grid, merged)
    rows = [
        Row(number + 1, _in_line(cells), number in marks.hidden)
        for number, cells in sorted(grid.items())
        if number < MAX_ROWS
    ]
    return Sheet(sheet.name, rows, offset, hidden, merged)


def _fill_merged(grid: dict[int, dict[int, Cell]], merged: list[Any]) -> None:
    """A cell merged over several rows (one enterprise, three hazards) counts for each of them.

    Across columns it stays where it is: that is a title.
    """
    last = max(grid, default=-1)
    for (top, left), (bottom, _right) in merged:
        shown = grid.get(top, {}).get(left)
        if shown is None or shown.blank:
            continue
        for row in range(top + 1, min(bottom, last) + 1):
            if row in grid:
                grid[row].setdefault(left, shown)


def _in_line(cells: dict[int, Cell]) -> tuple[Cell, ...]:
    width = min(max(cells, default=-1) + 1, MAX_COLUMNS)
    return tuple(cells.get(column, BLANK) for column in range(width))


def _xml(data: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(data, parser)


def _elements(root: Any, name: str) -> Iterator[Any]:
    return (e for e in root.iter() if isinstance(e.tag, str) and etree.QName(e).localname == name)


def _part_names(parts: dict[str, bytes]) -> dict[str, str]:
    """Sheet name → name of its part, by way of the workbook's relationships."""
    related = parts.get("xl/_rels/workbook.xml.rels")
    if related is None:
        return {}
    targets = {e.get("Id"): e.get("Target") or "" for e in _elements(_xml(related), "Relationship")}
    found: dict[str, str] = {}
    for sheet in _elements(_xml(parts["xl/workbook.xml"]), "sheet"):
        reference = next((v for k, v in sheet.attrib.items() if etree.QName(k).localname == "id"), None)
        target = targets.get(reference, "")
        found[sheet.get("name") or ""] = posixpath.normpath(
            target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        )
    return found


def _offset(parts: dict[str, bytes]) -> int:
    properties = next(_elements(_xml(parts["xl/workbook.xml"]), "workbookPr"), None)
    counts_from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    return _DAYS_1904 if counts_from_1904 else 0
