"""A file from outside: what is peculiar about its cells is told, what is harmful about it is refused in words."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.errors import Invalid
from app.hazards.ledger.archive import MAX_BYTES
from app.hazards.ledger.marks import MAX_COLUMNS, MAX_ROWS
from app.hazards.ledger.workbook import BLANK, Cell, address, read_workbook
from tests.hazards.ledger.sheets import part, saved, with_part, workbook

SHEET = "xl/worksheets/sheet1.xml"


def refusal(content: bytes) -> str:
    began = time.monotonic()
    with pytest.raises(Invalid) as refused:
        read_workbook(content)
    assert time.monotonic() - began < 5
    return str(refused.value.errors["file"][0])


def test_formulas_errors_and_hidden_rows_are_told() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["a", "=cmd|'/C calc'!A0", "#N/A", 1.5])
    sheet["C1"].data_type = "e"
    sheet.append([None, "b"])
    sheet.row_dimensions[2].hidden = True
    first, second = read_workbook(saved(book))[0].rows
    assert first.cells == (Cell("a"), Cell(None, "=cmd|'/C calc'!A0"), Cell(None, "", "#N/A"), Cell(1.5))
    assert (first.hidden, second.hidden) == (False, True)
    assert second[0] is BLANK
    assert second[99] is BLANK


def test_the_result_of_a_formula_is_read_beside_its_text() -> None:
    content = workbook(["x", "=A1"], head=None)
    xml = (
        part(content, SHEET)
        .replace(b"<f>A1</f><v></v>", b"<f>A1</f><v>7</v>")
        .replace(b"<f>A1</f><v/>", b"<f>A1</f><v>7</v>")
    )
    row = read_workbook(with_part(content, SHEET, xml))[0].rows[0]
    assert row[1] == Cell(7.0, "=A1")


def test_a_cell_merged_over_rows_counts_for_each_and_over_columns_for_the_first() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["title", None])
    sheet.append(["company", "one"])
    sheet.append([None, "two"])
    sheet.merge_cells("A1:B1")
    sheet.merge_cells("A2:A3")
    rows = read_workbook(saved(book))[0].rows
    assert [[cell.value for cell in row.cells] for row in rows] == [["title"], ["company", "one"], ["company", "two"]]


def test_a_workbook_that_counts_from_1904_says_so() -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append([dt.date(2026, 4, 9), 44659])
    read = read_workbook(saved(book))[0]
    assert read.days_offset == 1462
    assert read.rows[0][0].value == dt.date(2026, 4, 9)


def test_hidden_sheets_are_told_and_others_keep_their_names() -> None:
    book = Workbook()
    book.create_sheet("二月").append(["b"])
    book.create_sheet("旧").sheet_state = "hidden"
    assert [(sheet.name, sheet.hidden) for sheet in read_workbook(saved(book))] == [
        ("Sheet", False), ("二月", False), ("旧", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "文件是空的"),
        (b"x" * (MAX_BYTES + 1), "最多 20 MB"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "旧版 xls 或设有密码"),
        (b"hello, world", "不是完好的 Excel 文件"),
        (b"PK\x03\x04" + b"\0" * 600, "不是完好的 Excel 文件"),
    ],
)
def test_what_is_no_workbook_is_refused(content: bytes, said: str) -> None:
    assert said in refusal(content)


def test_a_truncated_workbook_is_refused() -> None:
    content = workbook(["a"] * 8)
    assert "不是完好的 Excel 文件" in refusal(content[: len(content) // 2])


def test_an_archive_without_a_workbook_is_refused() -> None:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "x")
    assert "不是 Excel 文件" in refusal(out.getvalue())


def test_macros_are_refused() -> None:
    assert "宏" in refusal(with_part(workbook(["a"]), "xl/vbaProject.bin", b"x"))


@pytest.mark.parametrize("name", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(name: str) -> None:
    assert "压缩炸弹" in refusal(with_part(workbook(["a"]), name, b" " * 300_000_000))


def test_a_bomb_among_the_pictures_is_never_unpacked() -> None:
    assert read_workbook(with_part(workbook(["a"]), "xl/media/image1.png", b" " * 300_000_000))


def test_entities_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><worksheet>&c;</worksheet>'
    assert "DOCTYPE" in refusal(with_part(workbook(["a"]), SHEET, bomb))


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (f'<row r="{MAX_ROWS + 1}"><c r="A{MAX_ROWS + 1}"><v>1</v></c></row>', "20,000 行"),
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "20,000 行"),
        ('<row r="99999999999999999999"><c><v>1</v></c></row><row r="1048576"><c r="A1048576"><f>1</f></c></row>', "20,000 行"),
        ('<row r="3"><c r="XFD3"><v>1</v></c></row>', f"{MAX_COLUMNS} 列"),
        ('<c r="XFD1048576"><v>1</v></c>', "20,000 行"),
        ('<row xmlns="" r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "20,000 行"),
    ],
)  # fmt: skip
def test_a_sheet_that_reaches_too_far_is_refused(cell: str, said: str) -> None:
    content = workbook(["a"])
    xml = part(content, SHEET).replace(b"</sheetData>", cell.encode() + b"</sheetData>")
    assert said in refusal(with_part(content, SHEET, xml))


def test_styled_blank_cells_far_below_do_not_count() -> None:
    content = workbook(["a"])
    xml = part(content, SHEET).replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>')
    assert len(read_workbook(with_part(content, SHEET, xml))[0].rows) == 2


def test_broken_xml_is_refused() -> None:
    content = workbook(["a"])
    assert "不是完好的 Excel 文件" in refusal(with_part(content, SHEET, part(content, SHEET)[:-30]))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 6000))
def test_damage_anywhere_is_refused_or_read_and_never_a_fault(noise: bytes, at: int) -> None:
    content = workbook(["甲", "乙", 1, 2.5, dt.date(2026, 4, 9)])
    damaged = content[:at] + noise + content[at + len(noise) :]
    try:
        said = bool(read_workbook(damaged))
    except Invalid as refused:
        said = bool(refused.errors["file"])
    assert said


def test_addresses_are_those_of_excel() -> None:
    assert (address(12, 2), address(1, 26)) == ("C12", "AA1")
