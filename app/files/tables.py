"""Lists as files for Excel. What people typed is never a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def plain(value: object) -> str:
    """Text without control characters."""
    text = "" if value is None else str(value)
    return "".join(c for c in text if c == "\n" or (c.isprintable() and c not in "\ufeff\u200b"))


def csv_cell(value: object) -> str:
    """Text that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it."""
    text = plain(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def csv_file(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """CSV in UTF-8 with the mark that Excel needs to see that."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([csv_cell(cell) for cell in head])
    writer.writerows([csv_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_file(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """One sheet whose every cell is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    for index in range(1, len(head) + 1):
        sheet.column_dimensions[get_column_letter(index)].width = 18
    sheet.freeze_panes = "A2"
    for number, row in enumerate([head, *rows]):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=plain(value))
            cell.data_type = "s"
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
