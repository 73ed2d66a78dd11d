"""The yearly notice: read from the files that offices have, checked whole, imported once; estimated years say so."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.calendars import office
from app.calendars.commands import calendar
from app.calendars.imports import read_notice
from app.calendars.models import CalendarYear
from tests.accounts.people import audit_length, last_acts

SignIn = Callable[[str], FlaskClient]
NOTICE = "日期,类型,名称\n2027-02-05 至 2027-02-11,休,春节\n2027-02-14,班,春节调休上班\n2027/5/3,休,劳动节\n"
DAYS = {dt.date(2027, 2, day): (False, "春节") for day in range(5, 12)} | {
    dt.date(2027, 2, 14): (True, "春节调休上班"),
    dt.date(2027, 5, 3): (False, "劳动节"),
}


def xlsx(rows: list[list[Any]]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


def send(browser: FlaskClient, text: str | bytes = NOTICE, name: str = "2027.csv", **more: str) -> Any:
    content = text.encode() if isinstance(text, str) else text
    return browser.post("/admin/calendar/imports", data={"file": (io.BytesIO(content), name), **more})


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (NOTICE.encode(), "n.csv"),
        (NOTICE.encode("utf-8-sig"), "n.csv"),
        (NOTICE.encode("gb18030"), "n.csv"),
        (
            xlsx([["名称", "日期", "类型"], ["春节", "2027年2月5日 至 2027年2月11日", "放假"],
                  ["春节调休上班", dt.datetime(2027, 2, 14), "上班"], ["劳动节", 46510, "休"]]),
            "n.xlsx",
        ),
        (
            json.dumps({"days": [{"date": d.isoformat(), "off": not w, "name": n} for d, (w, n) in DAYS.items()]}).encode(),
            "n.json",
        ),
        (
            json.dumps([{"date": d.isoformat(), "isOffDay": not w, "name": n} for d, (w, n) in DAYS.items()]).encode(),
            "n.json",
        ),
    ],
)  # fmt: skip
def test_the_same_notice_in_every_form(content: bytes, name: str) -> None:
    notice = read_notice(content, name)
    assert notice.errors == [] and notice.days == DAYS and notice.years == [2027]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("日期,类型\n2027-02-30,休\n", "n.csv", "第 2 行：日期“2027-02-30”看不懂"),
        ("日期,类型\n2027-02-05,也许\n", "n.csv", "类型“也许”看不懂"),
        ("日期,类型\n2027-02-05,休\n2027-02-05,班\n", "n.csv", "前后矛盾"),
        ("日期,类型\n2027-02-11 至 2027-02-05,休\n", "n.csv", "起止日期不对"),
        ("日期,类型\n1990-01-01,休\n", "n.csv", "年份超出范围"),
        ("哪天,什么\n2027-02-05,休\n", "n.csv", "缺少表头"),
        ("", "n.csv", "缺少表头"),
        ("日期,类型\n", "n.csv", "文件中没有日期"),
        ('日期,类型\n"2027-02-05', "n.csv", "类型“”看不懂"),
        ("日期,类型\n" + "x" * 200_000 + ",休\n", "n.csv", "不是完好的 csv 文件"),
        ("[" * 50_000, "n.json", "不是所需格式的 JSON"),
        (b"PK\x03\x04broken", "n.xlsx", "不是完好的 Excel"),
        ("{", "n.json", "不是所需格式的 JSON"),
        ('{"days": [{"date": "2027-01-01"}]}', "n.json", "不是所需格式的 JSON"),
        ("x", "n.pdf", "只支持 csv、xlsx、json"),
        (b"x" * 1_000_001, "n.csv", "最多 1 MB"),
    ],
)
def test_every_problem_is_named_by_row(content: str | bytes, name: str, said: str) -> None:
    raw = content.encode() if isinstance(content, str) else content
    notice = read_notice(raw, name)
    assert any(said in str(error) for error in notice.errors)


@given(st.binary(max_size=400), st.sampled_from(["n.csv", "n.xlsx", "n.json"]))
def test_no_file_whatever_its_content_stops_the_reader(content: bytes, name: str) -> None:
    notice = read_notice(content, name)
    assert notice.errors or notice.days


def test_an_estimated_year_warns_and_an_official_one_does_not(sign_in: SignIn) -> None:
    root = sign_in("root")
    assert "2028 年为预估日历" in root.get("/admin/calendar?year=2028").text
    page = root.get("/admin/calendar?year=2026").text
    assert "为预估日历" not in page and "正式" in page and "国庆节" in page


def test_a_check_says_what_would_change_and_writes_nothing(sign_in: SignIn, session: Session) -> None:
    length = audit_length(session)
    page = send(sign_in("root"))
    assert page.status_code == 200
    assert "预检通过：2027 年，登记 9 天，没有写入" in page.text
    assert "2月5日 周五 改为休息 春节" in page.text and "2月14日 周日 改为上班" in page.text
    session.rollback()
    assert audit_length(session) == length and session.get(CalendarYear, 2027) is None


def test_a_file_with_an_error_is_not_imported_even_when_confirmed(sign_in: SignIn, session: Session) -> None:
    page = send(sign_in("root"), NOTICE + "2027-13-01,休,\n", confirm="1")
    assert page.status_code == 422 and "没有导入，1 处需要修改" in page.text
    assert session.get(CalendarYear, 2027) is None


@pytest.mark.parametrize("key", ["wang", "zhao", "shen"])
def test_only_the_system_administrator_imports(sign_in: SignIn, session: Session, key: str) -> None:
    assert send(sign_in(key), confirm="1").status_code == 403
    assert session.get(CalendarYear, 2027) is None
    assert sign_in(key).get("/admin/calendar").status_code == (200 if key == "wang" else 403)


def test_an_imported_year_is_official_at_once_and_a_second_import_changes_nothing(
    app: Flask, sign_in: SignIn, session: Session
) -> None:
    root = sign_in("root")
    assert office(session).is_work_day(dt.date(2027, 2, 5))
    session.rollback()
    answer = send(root, confirm="1", basis="国办发明电〔2026〕9 号")
    assert answer.status_code == 303 and answer.headers["Location"].endswith("year=2027")
    page = root.get("/admin/calendar?year=2027").text
    assert "已导入 2027 年" in page and "国办发明电〔2026〕9 号" in page and "为预估日历" not in page
    session.rollback()
    calendar_now = office(session)
    assert not calendar_now.is_work_day(dt.date(2027, 2, 5)) and calendar_now.is_work_day(dt.date(2027, 2, 14))
    assert last_acts(session)[0][1:] == ("calendars.published", "2027")
    length = audit_length(session)
    session.rollback()
    assert send(root, confirm="1").status_code == 303
    assert "没有变化" in root.get("/admin/calendar").text
    session.rollback()
    assert audit_length(session) == length


def test_the_command_says_what_is_wrong_and_imports_what_is_right(app: Flask, session: Session, tmp_path: Any) -> None:
    good, bad = tmp_path / "2029.csv", tmp_path / "bad.csv"
    good.write_text("日期,类型,名称\n2029-10-01 至 2029-10-07,休,国庆节\n")
    bad.write_text("日期,类型\n2029-02-30,休\n")
    run = CliRunner()
    refused = run.invoke(calendar, ["import", str(bad)], obj=lambda: app)
    assert refused.exit_code == 1 and "第 2 行" in refused.output
    dry = run.invoke(calendar, ["import", str(good), "--dry-run"], obj=lambda: app)
    assert dry.exit_code == 0 and session.get(CalendarYear, 2029) is None
    session.rollback()
    done = run.invoke(calendar, ["import", str(good)], obj=lambda: app)
    assert done.exit_code == 0, done.output
    session.rollback()
    assert session.scalar(sa.select(CalendarYear.status).where(CalendarYear.year == 2029)) == "official"


def test_the_working_clock_of_an_estimated_day_says_so(app: Flask, sign_in: SignIn) -> None:
    clock = app.extensions["duban.clock"]
    kept = clock.now()
    clock.set(dt.datetime(2031, 3, 4, 10, 0, tzinfo=dt.UTC))
    try:
        page = sign_in("zhao").get("/account").text
    finally:
        clock.set(kept)
    assert 'class="db-clock"' in page and "预估" in page.split("db-top-end")[0]
