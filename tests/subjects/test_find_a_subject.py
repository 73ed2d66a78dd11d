"""The list of subjects: filters, counts, pickers and exports show what the person may see, and nothing else."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.subjects import csv_cell, match, name_key
from tests.accounts.people import last_acts
from tests.subjects.entries import CODE, enter, for_two_towns

SignIn = Callable[[str], FlaskClient]
TOWNS = ("新港机械", "龙湾铸造", "龙湾燃气站")


@pytest.fixture(scope="module")
def towns(app: object, sign_in: SignIn) -> dict[str, str]:
    made = for_two_towns(sign_in("wang"))
    enter(sign_in("wang"), "鑫源纺织有限公司", id_no=CODE, is_key=True, is_high_risk=True, org_id=_org("xinyuan"))
    return made


def _org(key: str) -> str:
    from tests.cast import org_id

    return org_id(key)


def listed(page: str) -> set[str]:
    return set(re.findall(r'<a class="db-t db-one" href="/subjects/[^"]+">([^<]+)</a>', page))


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        ("wang", {"新港机械", "龙湾铸造", "龙湾燃气站", "鑫源纺织有限公司"}),
        ("lin", {"新港机械", "龙湾铸造", "龙湾燃气站", "鑫源纺织有限公司"}),
        ("zhao", {"新港机械", "龙湾铸造", "鑫源纺织有限公司"}),
        ("deng", {"龙湾燃气站"}),
        ("sun", {"新港机械", "鑫源纺织有限公司"}),
        ("he", {"龙湾铸造", "龙湾燃气站"}),
        ("zhou", {"鑫源纺织有限公司"}),
        ("chen", set()),
        ("qin", set()),
        ("root", set()),
    ],
)
def test_list_count_api_picker_and_export_agree_on_what_one_may_see(
    sign_in: SignIn, towns: dict[str, str], key: str, seen: set[str]
) -> None:
    browser = sign_in(key)
    page = browser.get("/subjects").text
    assert listed(page) == seen
    assert f"共 {len(seen)} 家" in page
    api = browser.get("/api/v1/subjects?per_page=200")
    assert {row["name"] for row in api.json} == seen and api.headers["X-Total-Count"] == str(len(seen))  # type: ignore[union-attr]
    picked = browser.get("/subjects/options", headers={"Accept": "application/json"}).json
    assert {row["label"] for row in picked} == seen  # type: ignore[union-attr]
    exported = browser.get("/subjects/export.csv").data.decode("utf-8-sig")
    assert {name for name in (*TOWNS, "鑫源纺织有限公司") if name in exported} == seen


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=纺织", {"鑫源纺织有限公司"}),
        ("q=xyfz", {"鑫源纺织有限公司"}),
        ("q=longwan", {"龙湾铸造", "龙湾燃气站"}),
        ("q=" + CODE[:10].lower(), {"鑫源纺织有限公司"}),
        ("q=%25", set()),
        ("mark=key", {"鑫源纺织有限公司"}),
        ("sector=GAS", {"龙湾燃气站"}),
        ("type=retail_point", {"龙湾燃气站"}),
        ("town=990181102000", {"龙湾铸造", "龙湾燃气站"}),
        ("town=990181102000&sector=INDUSTRY", {"龙湾铸造"}),
        ("status=closed", set()),
        ("nonsense=1", {*TOWNS, "鑫源纺织有限公司"}),
    ],
)
def test_filters_narrow_the_list(sign_in: SignIn, towns: dict[str, str], query: str, found: set[str]) -> None:
    assert listed(sign_in("wang").get("/subjects?" + query).text) == found


def test_counts_follow_the_other_filters_and_zero_stays(sign_in: SignIn, towns: dict[str, str]) -> None:
    page = sign_in("wang").get("/subjects?town=990181102000").text
    chips = dict(re.findall(r'class="db-chip"[^>]*>\s*([^\s<]+)\s*<b>(\d+)</b>', page))
    assert chips == {"全部": "2", "重点": "0", "规上": "0", "高危": "0"}


def test_sorting_and_paging_by_plain_links(sign_in: SignIn, towns: dict[str, str]) -> None:
    browser = sign_in("wang")
    up = re.findall(r'db-one" href="/subjects/[^"]+">([^<]+)', browser.get("/subjects?sort=name").text)
    down = re.findall(r'db-one" href="/subjects/[^"]+">([^<]+)', browser.get("/subjects?sort=-name").text)
    assert up == down[::-1] and 'aria-sort="ascending"' in browser.get("/subjects?sort=name").text
    assert browser.get("/subjects?page=999").status_code == 200
    assert browser.get("/subjects?sort=password").status_code == 200


def test_htmx_gets_the_list_alone(sign_in: SignIn, towns: dict[str, str]) -> None:
    answer = sign_in("wang").get("/subjects", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "<html" not in answer.text and listed(answer.text)
    assert "HX-Request" in answer.headers["Vary"]


def test_an_export_is_recorded_with_its_filters(sign_in: SignIn, session: Session, towns: dict[str, str]) -> None:
    answer = sign_in("wang").get("/subjects/export.xlsx?sector=GAS")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = list(sheet.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert [row[1] for row in rows[1:]] == ["龙湾燃气站"]
    assert last_acts(session)[0][1] == "subjects.exported"
    assert sign_in("wang").get("/subjects/export.exe").status_code == 404


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t=", "\r="])
def test_no_name_becomes_a_formula(sign_in: SignIn, start: str) -> None:
    assert str(csv_cell(start + "cmd|' /C calc'!A0")).startswith("'")


def test_a_name_that_is_a_formula_stays_text_in_both_exports(sign_in: SignIn) -> None:
    browser = sign_in("sun")
    enter(browser, "=1+1冷库")
    line = next(
        row for row in browser.get("/subjects/export.csv").data.decode("utf-8-sig").splitlines() if "1+1冷库" in row
    )
    assert "'=1+1冷库" in line
    sheet = openpyxl.load_workbook(io.BytesIO(browser.get("/subjects/export.xlsx").data)).active
    cell = next(c for row in sheet.iter_rows() for c in row if "1+1冷库" in str(c.value))  # type: ignore[union-attr]
    assert cell.data_type == "s" and cell.value == "=1+1冷库"


def test_a_ledger_row_means_the_one_subject_that_fits(session: Session, towns: dict[str, str]) -> None:
    assert match(session, credit_code=f" {CODE.lower()} ") is not None
    assert (found := match(session, name="鑫 源纺织有限公司")) and found.id_no == CODE
    assert match(session, name="没有这家") is None and match(session) is None


def test_of_two_with_one_name_none_is_guessed(sign_in: SignIn, session: Session) -> None:
    near = enter(sign_in("wang"), "同名加油站")
    far = enter(sign_in("wang"), "同名加油站", region_code="990181102201")
    assert match(session, name="同名加油站") is None
    assert (found := match(session, name="同名加油站", region="990181101000")) and found.id == near
    assert (found := match(session, name="同名加油站", region="990181102000")) and found.id == far


@pytest.mark.parametrize(
    ("one", "other"),
    [("鑫源（纺织）", "鑫源(纺织)"), ("ＡＢＣ 公司", "abc公司"), ("新\u200b港", "新港"), ("甲　乙", "甲乙")],
)
def test_spellings_of_one_name_are_equal(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_strangers_are_led_to_sign_in(anonymous: FlaskClient) -> None:
    for path in ("/subjects", "/subjects/export.csv", "/subjects/options"):
        assert anonymous.get(path).status_code in (302, 401)
