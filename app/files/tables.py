"""Lists as files for Excel, and small lists read from such files. What people typed is never a formula.

openpyxl is imported where it is used: it takes a quarter of a second to load, and most commands make no workbook.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence

from app.errors import Invalid
from app.i18n import _

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
MOST_ROWS, _MOST_COLUMNS = 2_000, 40
MOST_BYTES, _MOST_UNPACKED = 2_000_000, 40_000_000
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
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

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


def read_table(content: bytes) -> list[list[str]]:
    """The rows of a CSV file, or of the first sheet of a workbook, as trimmed text. Invalid where it is neither."""
    if len(content) > MOST_BYTES:
        raise Invalid({"file": [_("文件不能超过 %(n)s MB", n=MOST_BYTES // 1_000_000)]})
    try:
        rows = _sheet(content) if content.startswith(b"PK") else _csv(content)
    except (OSError, ValueError, KeyError, EOFError, SyntaxError, csv.Error, zipfile.BadZipFile) as wrong:
        raise Invalid({"file": [_("读不出来，请用 CSV 或者 xlsx 文件")]}) from wrong
    if len(rows) > MOST_ROWS:
        raise Invalid({"file": [_("一次最多 %(n)s 行", n=MOST_ROWS - 1)]})
    return rows


def _csv(content: bytes) -> list[list[str]]:
    """As Excel in China writes it: UTF-8 with or without its mark, else GB 18030."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    rows = csv.reader(io.StringIO(text, newline=""))
    return [
        [_cell(one) for one in row[:_MOST_COLUMNS]] for _number, row in zip(range(MOST_ROWS + 1), rows, strict=False)
    ]


def _sheet(content: bytes) -> list[list[str]]:
    from openpyxl import load_workbook

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > _MOST_UNPACKED:
            raise ValueError("far larger unpacked")
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=_MOST_COLUMNS, values_only=True)
        found = [[_cell(one) for one in row] for row in rows]
    finally:
        book.close()
    while found and not any(found[-1]):
        found.pop()
    return found


def _cell(value: object) -> str:
    """600.0, as a workbook keeps a whole number, is 600."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return plain(value).strip()
