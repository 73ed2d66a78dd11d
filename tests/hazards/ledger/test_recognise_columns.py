"""The columns of a ledger, under whatever names, in whatever order, below whatever titles."""

from __future__ import annotations

import pytest

from app.hazards.ledger.headings import KNOWN, LABELS, Head, find_head, heading_key
from app.hazards.ledger.workbook import Cell, Row, Sheet


def sheet(*rows: list[object]) -> Sheet:
    return Sheet(
        "台账",
        [Row(n, tuple(Cell(value) for value in row)) for n, row in enumerate(rows, 1)],  # type: ignore[arg-type]
    )


def found(*rows: list[object]) -> Head:
    head = find_head(sheet(*rows))
    assert head is not None
    return head


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("隐患编号", "external_no"), ("序号", "serial"), ("被检查单位\n名称", "subject_name"), ("*企业（单位）名称", "subject_name"),
        ("统一社会\u3000信用代码", "credit_code"), ("镇（街道）", "town"), ("属地", "town"), ("村（社区）", "village"),
        ("行业/领域", "sector"), ("存在的问题", "description"), ("隐患描述（必填）", "description"), ("隐患部位", "location"),
        ("隐患级别", "grade"), ("检查日期（年月日）", "found_on"), ("发现时间", "found_on"), ("检查人员", "found_by"),
        ("整改期限", "due_on"), ("要求完成时间", "due_on"), ("整改责任人", "owner"), ("是否整改（是/否）", "status"),
        ("整改情况", "progress"), ("完成时间", "done_on"), ("行业主管部门", "supervisor"), ("法律依据", "legal_basis"),
        ("整改要求", "requirement"), ("备 注", "note"), ("Hazard description", "description"),
    ],
)  # fmt: skip
def test_usual_headings_are_known(heading: str, field: str) -> None:
    assert KNOWN[heading_key(heading)][0] == field


def test_every_field_has_a_label_and_names() -> None:
    assert {name for name, _rank in KNOWN.values()} == set(LABELS)


def test_the_head_is_found_below_titles_in_any_order() -> None:
    head = found(
        ["某市隐患台账"], [None, "填报单位：某局"], ["隐患描述", "整改期限", "企业名称", "不相干"], ["x", "y", "z"]
    )
    assert head.row == 3
    assert {name: index for name, (index, _text) in head.columns.items()} == {
        "description": 0, "due_on": 1, "subject_name": 2,
    }  # fmt: skip
    assert head.unused == ["不相干"]


def test_two_rows_of_headings_are_read_together() -> None:
    head = found(
        ["企业名称", "检查情况", None, "整改情况", None], [None, "检查日期", "隐患描述", "整改期限", "完成时间"], ["a"]
    )
    assert head.row == 2
    assert set(head.columns) == {"subject_name", "found_on", "description", "due_on", "done_on"}


def test_the_more_usual_name_wins_where_two_columns_could_be_the_same() -> None:
    head = found(["责任单位", "企业名称", "隐患描述", "编号", "隐患编号"])
    assert head.columns["subject_name"] == (1, "企业名称")
    assert head.columns["external_no"] == (4, "隐患编号")
    assert head.unused == ["责任单位", "编号"]


@pytest.mark.parametrize(
    "rows",
    [
        [["一、填表说明"], ["二、联系人"]],
        [["企业名称", "统一社会信用代码", "镇街"]],  # enterprises, no hazards
        [["隐患描述", "检查日期", "整改期限"]],  # nobody's hazards
        [],
    ],
)
def test_what_is_no_ledger_has_no_head(rows: list[list[object]]) -> None:
    assert find_head(sheet(*rows)) is None
