"""What the reader of values does not tell: formulas, error cells, hidden rows, and how far a sheet reaches."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from app.hazards.ledger.archive import refuse
from app.i18n import _

MAX_ROWS = 20_000
MAX_COLUMNS = 200
_ROW_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")

Position = tuple[int, int]  # row and column, both from 0


@dataclass
class Marks:
    """Of one sheet. `formulas` gives the text of each formula, with its equals sign."""

    formulas: dict[Position, str] = field(default_factory=dict)
    errors: dict[Position, str] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)


def scan(xml: bytes) -> Marks:
    """Read a sheet's XML once, in a stream. Invalid for a sheet with more rows or columns than the limits."""
    found = Marks()
    shared: dict[str, str] = {}
    position: Position = (-1, -1)
    row = -1
    events = etree.iterparse(
        io.BytesIO(xml),
        events=("start", "end"),
        tag=("{*}row", "{*}c"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        for event, element in events:
            is_cell = _name(element) == "c"
            if event == "end":
                if is_cell:
                    _cell(element, position, found, shared)
                else:
                    _forget(element)
            elif is_cell:
                position = _position(element, position)
            else:
                row = _row_number(element, row)
                position = (row, -1)
                if element.get("hidden") in ("1", "true"):
                    found.hidden.add(row)
    except etree.XMLSyntaxError as wrong:
        raise refuse(_("不是完好的 Excel 文件（xlsx）")) from wrong
    return found


def _name(element: Any) -> str:
    """The tag without its namespace: files of one standard or the other, or of none."""
    return str(element.tag).rpartition("}")[2]


def _forget(element: Any) -> None:
    """Drop what is read, so that memory does not grow with the sheet."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _row_number(element: Any, before: int) -> int:
    number = element.get("r") or ""
    return int(number) - 1 if _ROW_NUMBER.fullmatch(number) else before + 1


def _position(element: Any, before: Position) -> Position:
    match = _REFERENCE.fullmatch(element.get("r") or "")
    if match is None:
        return before[0], before[1] + 1
    return int(match[2]) - 1, column_index(match[1])


def _cell(element: Any, at: Position, found: Marks, shared: dict[str, str]) -> None:
    if not len(element):
        return
    if at[0] >= MAX_ROWS:
        raise refuse(_("行数过多，最多 %(n)s 行，分成几个文件导入", n=f"{MAX_ROWS:,}"))
    if at[1] >= MAX_COLUMNS:
        raise refuse(_("列数过多，最多 %(n)s 列，删去无关的列后再导入", n=MAX_COLUMNS))
    is_error = element.get("t") == "e"
    for child in element:
        if (name := _name(child)) == "f":
            found.formulas[at] = "=" + _formula(child, shared)
        elif is_error and name == "v":
            found.errors[at] = child.text or "#N/A"


def _formula(element: Any, shared: dict[str, str]) -> str:
    """The text; the cells of a shared formula repeat that of the first."""
    text, group = (element.text or "").strip(), element.get("si")
    if element.get("t") == "shared" and group is not None:
        if text:
            shared[group] = text
        return text or shared.get(group, "")
    return text
