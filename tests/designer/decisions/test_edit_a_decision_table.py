"""A decision table of a draft as a grid: cells, rows, columns; what the page says of it; trying it out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from app.audit import Actor
from app.clock import FixedClock
from app.config import ROOT
from app.db import write_transaction
from app.designer.decisions import schemas, table
from app.designer.drafts import Draft, operations, package_of
from app.engine import load_folder

SignIn = Callable[[str], FlaskClient]
HAZARD = load_folder(ROOT / "bpmn" / "hazard_rectification")
TABLES = sorted((ROOT / "bpmn").glob("*/decisions/*.dmn"))


@pytest.fixture
def draft(app: Flask, clock: FixedClock, actor: Callable[[str], Actor]) -> Draft:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        return operations.create(session, HAZARD.key, "隐患", HAZARD.files, by=actor("root"), at=clock.now())


def content_of(app: Flask, draft: Draft, name: str = "grading") -> bytes:
    with app.extensions["duban.sessions"]() as session:
        return package_of(session, session.get(Draft, draft.id)).files[f"decisions/{name}.dmn"]


def sent(shown: table.Table, **more: str) -> dict[str, str]:
    data = {
        "rev": "1", "name": shown.name, "policy": shown.policy,
        "ins": str(len(shown.inputs)), "outs": str(len(shown.outputs)), "rows": str(len(shown.rows)),
    }  # fmt: skip
    for word, columns in (("in", shown.inputs), ("out", shown.outputs)):
        for n, column in enumerate(columns):
            data |= {f"{word}-{n}-{part}": getattr(column, part) for part in ("id", "label", "text", "type", "values")}
    for r, row in enumerate(shown.rows):
        data |= {f"row-{r}-id": row.id, f"row-{r}-note": row.note}
        data |= {f"row-{r}-in-{c}": text for c, text in enumerate(row.inputs)}
        data |= {f"row-{r}-out-{c}": text for c, text in enumerate(row.outputs)}
    return data | more


def where(draft: Draft) -> str:
    return f"/designer/drafts/{draft.id}/decisions/grading"


def test_a_cell_is_changed_and_everything_else_stays(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    before = content_of(app, draft)
    data = sent(table.read(before), **{"row-0-out-1": "90"})
    assert sign_in("root").post(where(draft), data=data).status_code == 303
    after = etree.fromstring(content_of(app, draft))
    for entry in after.iter("{*}outputEntry"):
        if entry.get("id") == "rule_1_output_2":
            entry[0].text = "60"
    same = etree.tostring(etree.fromstring(before), method="c14n2", strip_text=True)
    assert etree.tostring(after, method="c14n2", strip_text=True) == same


def test_rows_and_columns_are_added_moved_and_removed(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    root = sign_in("root")
    for rev, do in enumerate(("row-add:0", "in-add:0", "row-on:0", "in-del:2", "out-back:1", "row-del:3"), 1):
        data = sent(table.read(content_of(app, draft)), rev=str(rev), _do=do)
        assert root.post(where(draft), data=data).status_code == 303, do
    found = table.read(content_of(app, draft))
    assert [column.id for column in found.inputs] == ["input_1", "input_4", "input_3"]
    assert [column.id for column in found.outputs] == ["output_2", "output_1", "output_3"]
    assert [row.id for row in found.rows][:3] == ["rule_9", "rule_1", "rule_2"]
    assert found.rows[1].inputs == ['"INDUSTRY"', "-", "-"]
    assert found.rows[1].outputs[:2] == ["60", '"major"']


def test_a_cell_that_is_not_in_the_language_is_named_where_it_stands(sign_in: SignIn, draft: Draft, app: Flask) -> None:
    root = sign_in("root")
    data = sent(table.read(content_of(app, draft)), **{"row-0-in-0": "import os", "_do": "check"})
    page = root.post(where(draft), data=data).text
    assert "f-row-0-in-0-err" in page
    assert "import os" in page
    assert "先改好标红的单元格" in page


def test_rows_that_are_never_reached_are_said_with_their_reason(sign_in: SignIn, draft: Draft, app: Flask) -> None:
    shown = table.read(content_of(app, draft))
    shown.rows.insert(0, table.Row("", ["-", "-", "-"], ['"general"', "15", '""']))
    page = sign_in("root").post(where(draft), data=sent(shown, _do="check")).text
    assert "第 2 行永远用不上：它的情况已全部由上面的第 1 行决定" in page
    assert "个单元格是一般表达式，不能分析" in page


def test_a_table_is_tried_out_by_the_engine_without_saving(sign_in: SignIn, draft: Draft, app: Flask) -> None:
    before = content_of(app, draft)
    data = sent(table.read(before), _do="try")
    data |= {
        "try-sector_code": "CHEM",
        "try-summary": "联锁切除",
        "try-description": "",
        "try-grade_suggestion": "general",
    }
    page = sign_in("root").post(where(draft), data=data).text
    assert "第 3 行适用" in page
    assert "安全联锁或紧急切断装置失效" in page
    assert content_of(app, draft) == before


def test_who_saves_over_somebody_elses_change_is_told_and_keeps_the_table(
    app: Flask, sign_in: SignIn, draft: Draft
) -> None:
    root, shown = sign_in("root"), table.read(content_of(app, draft))
    assert root.post(where(draft), data=sent(shown, **{"row-0-out-1": "70"})).status_code == 303
    told = root.post(where(draft), data=sent(shown, **{"row-0-out-1": "4711"}))
    assert told.status_code == 409
    assert "4711" in told.text
    assert table.read(content_of(app, draft)).rows[0].outputs[1] == "70"


def test_a_new_table_begins_empty_and_only_administrators_find_any(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    root, here = sign_in("root"), f"/designer/drafts/{draft.id}/decisions"
    assert root.post(here, data={"rev": "1", "name": "grading"}).status_code == 422
    assert root.post(here, data={"rev": "1", "name": "limits"}).status_code == 303
    assert "加上条件列后判断" in root.get(f"{here}/limits").text
    assert sign_in("wang").get(f"{here}/limits").status_code == 404
    assert sign_in("shen").post(f"{here}/limits/deletion", data={"rev": "2"}).status_code == 404


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_reading_and_writing_changes_nothing(path: object) -> None:
    content = path.read_bytes()  # type: ignore[attr-defined]
    assert table.write(content, table.read(content)) == content


def test_comments_and_what_is_no_table_stay(app: Flask) -> None:
    content = TABLES[0].read_bytes().replace(b"<decisionTable", b"<!-- why --><decisionTable", 1)
    shown = table.read(content)
    schemas.change(shown, "row-del:0")
    assert b"<!-- why -->" in table.write(content, shown)
