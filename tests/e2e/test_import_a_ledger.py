"""A ledger from Excel: handed in, looked through, confirmed, registered while the page waits, looked up again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.cast import XINGANG
from tests.e2e.harness import DESKTOP, LOOKS, Look, Opens, Screen
from tests.hazards.ledger.messy import Company, code, wrong_code
from tests.hazards.ledger.sheets import HEAD, workbook


def ledger(folder: Path, what: str) -> Path:
    """Two hazards of an enterprise that is not registered yet, one that is done, and three bad rows."""
    company = Company("望海市云帆渔具有限公司", code(31_000), XINGANG)
    rows: list[list[object]] = [
        [company.name, company.code, "新港街道", "工贸", f"{what}一", "2026.4.1", "30日内", "整改中"],
        [company.name, company.code, "新港街道", "工贸", f"{what}二", 46113, None, None],
        [company.name, company.code, "新港街道", "工贸", f"{what}三", "2026-3-1", "2026-4-1", "已完成"],
        [company.name, wrong_code(31_000), "新岗街道", "工贸", what, "2026-4-1", None, None],
        ["无此单位", None, None, None, what, "2026-4-1", None, None],
        [company.name, company.code, "新港街道", "工贸", "=cmd|'/C calc'!A0", "2026-4-1", None, None],
    ]
    target = folder / "新港街道隐患台账.xlsx"
    target.write_bytes(workbook(*rows, head=HEAD))
    return target


def hand_in(screen: Screen, file: Path) -> Page:
    page = screen.goto("/hazards/import")
    page.set_input_files("#f-file", file)
    page.locator("main button[type=submit].btn-primary").first.click()
    expect(page.locator("#progress")).to_be_visible()
    return page


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_screens_hold_in_every_look(open_screen: Opens, tmp_path: Path, look: Look) -> None:
    screen = open_screen("sun", look)
    screen.goto("/hazards/import")
    screen.check("ledger")
    page = hand_in(screen, ledger(tmp_path, "出口堵塞"))
    page.locator("#columns summary").click()
    screen.check("ledger-checked")


def test_a_ledger_is_checked_confirmed_and_registered(open_screen: Opens, tmp_path: Path) -> None:
    screen = open_screen("sun", DESKTOP)
    page = hand_in(screen, ledger(tmp_path, "护栏松动"))
    expect(page.locator("#progress")).to_contain_text("将登记隐患 2 项，以前已导入 0 项，有误 3 行，不登记 1 行")
    expect(page.locator("#rows")).to_contain_text("没有这个镇街：“新岗街道”，是否“新港街道”")
    expect(page.locator("#rows")).to_contain_text("是公式“=cmd|'/C calc'!A0”，没有计算结果")
    page.get_by_role("button", name="登记 2 项隐患").click()
    expect(page.get_by_role("heading", name="导入结果")).to_be_visible(timeout=30_000)
    expect(page.locator("#progress")).to_contain_text("登记隐患 2 项，3 行有误没有登记")
    screen.check("ledger-imported")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载有误的行").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    page.locator("#rows").get_by_role("link", name="已登记").click()
    page.locator("#rows").get_by_role("link", name="护栏松动一").click()
    expect(page.locator("main")).to_contain_text("望海市云帆渔具有限公司")


def test_an_import_that_stopped_goes_on_while_its_page_is_open(
    open_screen: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request registers as much as its time allows; the page asks again by itself."""
    from app.hazards.ledger import views

    monkeypatch.setattr(views, "_TURN", 0.0)
    screen = open_screen("sun", DESKTOP)
    page = hand_in(screen, ledger(tmp_path, "灯具破损"))
    page.get_by_role("button", name="登记 2 项隐患").click()
    expect(page.locator("#progress")).to_contain_text("已登记 0 项，共 2 项")
    monkeypatch.undo()
    expect(page.get_by_role("heading", name="导入结果")).to_be_visible(timeout=30_000)
    expect(page.locator("#progress")).to_contain_text("登记隐患 2 项")
