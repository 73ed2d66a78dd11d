"""With JavaScript the same form is quicker: rows, conditional fields, phrases, searches and uploads in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.e2e.harness import DESKTOP, PHONE, Look, Screen, Served, Windows, axe_findings, dress
from tests.forms.conftest import picture

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def served(app: Flask) -> Iterator[Served]:
    app.config["WTF_CSRF_ENABLED"] = True
    served = Served(app)
    yield served
    served.close()
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def visit(served: Served, windows: Windows) -> Iterator[Callable[..., Page]]:
    """A page with the form, opened by 赵明远; an error in the console fails the test."""
    opened: list[Screen] = []

    def go(look: Look = DESKTOP) -> Page:
        opened.append(windows.open(served, "zhao", look).refuses(422))
        return opened[-1].goto("/dev-form")

    yield go
    for screen in opened:
        screen.close()
        screen.assert_clean()


def test_a_field_shows_when_another_asks_for_it_and_typing_is_kept(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_label("复查意见").fill("初稿")
    page.locator("label", has_text="视频").click()
    expect(page.locator("[name=video_reason]")).to_be_visible()
    expect(page.get_by_label("复查意见")).to_have_value("初稿")
    expect(page.locator("[aria-invalid]")).to_have_count(0)


def test_a_row_is_added_and_its_own_condition_works(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_label("指令要求").fill("拆除链锁")
    page.get_by_role("button", name="添加一项").click()
    expect(page.locator("[name=items-1-demand_text]")).to_be_focused()
    page.locator("label:has([name=items-1-verdict][value=fail])").click()
    expect(page.locator("[name=items-1-wrong]")).to_be_visible()
    expect(page.locator("[name=items-0-wrong]")).to_have_count(0)
    page.get_by_role("button", name="删除第 1 项").click()
    expect(page.locator("[data-repeat-row]")).to_have_count(1)


def test_a_usual_phrase_goes_in_where_the_cursor_is(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_text("常用语").click()
    page.get_by_role("button", name="已整改到位，建议销号。").click()
    expect(page.get_by_label("复查意见")).to_have_value("已整改到位，建议销号。")
    expect(page.get_by_label("复查意见")).to_be_focused()


def test_a_search_narrows_the_picker_in_place(visit: Callable[..., Page]) -> None:
    page = visit()
    options = page.locator("[name=site] option")
    expect(options).to_have_count(2)
    page.locator("[name=site__q]").fill("没有这家")
    expect(options).to_have_text(["没有找到"])
    page.locator("[name=site__q]").fill("鑫源")
    expect(options).to_have_text(["选择", "鑫源纺织"])
    page.locator("[name=site]").select_option("s1")
    page.locator("[name=site__q]").fill("别的")
    expect(options).to_have_text(["选择", "鑫源纺织"])
    expect(page.locator("[name=site]")).to_have_value("s1")


def test_a_photo_goes_up_at_once_and_stays_when_the_form_is_refused(visit: Callable[..., Page]) -> None:
    page = visit()
    upload = FilePayload(name="门.png", mimeType="image/png", buffer=picture().getvalue())
    page.locator("#f-photos").set_input_files([upload])
    expect(page.locator("[data-photos] input[type=hidden][name=photos]")).to_have_count(1)
    page.get_by_role("button", name="提交").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.locator("[data-photos] img")).to_have_count(1)
    expect(page.locator(":focus")).to_have_attribute("aria-invalid", "true")


def test_the_summary_leads_to_every_field_also_to_the_photos(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="提交").click()
    for name in ("现场照片", "复查意见", "逐项结论"):
        page.locator("[data-error-summary] a", has_text=name).click()
        expect(
            page.locator("[aria-invalid=true]:focus, [role=group]:focus, fieldset:focus, textarea:target")
        ).to_have_count(1)


def test_a_refused_form_is_read_and_mended_without_javascript(served: Served, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    dress(context, served, "zhao", DESKTOP)
    page = context.new_page()
    page.goto(f"{served.url}/dev-form")
    page.locator("label", has_text="视频").click()
    page.get_by_role("button", name="按已填内容更新表单").click()
    expect(page.locator("[name=video_reason]")).to_be_visible()
    page.get_by_role("button", name="添加一项").click()
    expect(page.locator("[name=items-1-demand_text]")).to_be_visible()
    page.get_by_role("button", name="提交").click()
    page.locator("[data-error-summary] a", has_text="复查意见").click()
    expect(page.locator("#f-opinion")).to_have_attribute("aria-describedby", "f-opinion-err f-opinion-help")
    context.close()


def test_given_rows_are_a_table_on_a_wide_page_and_cards_with_large_targets_on_a_phone(
    visit: Callable[..., Page],
) -> None:
    wide = visit()
    expect(wide.locator(".db-items thead")).to_be_hidden()  # the column of this page is narrow, whatever the window
    wide.evaluate("for (let e = document.querySelector('#dev-form'); e; e = e.parentElement) e.style.width = '60rem'")
    wide.evaluate("for (let e = document.querySelector('#dev-form'); e; e = e.parentElement) e.style.maxWidth = 'none'")
    expect(wide.locator(".db-items thead")).to_be_visible()
    first, second = (wide.locator(f"#f-ordered-0-{name}").bounding_box() for name in ("requirement", "met"))
    assert first and second and first["x"] + first["width"] <= second["x"]
    wide.locator("label:has([name=ordered-1-met][value=true])").click()
    expect(wide.locator("#f-ordered > legend")).to_contain_text("2 项已填 1 项")
    phone = visit(PHONE)
    expect(phone.locator(".db-items thead")).to_be_hidden()
    box = phone.locator("label:has([name=ordered-1-met][value=true])").bounding_box()
    assert box and box["height"] >= 44


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_is_accessible_and_fits(visit: Callable[..., Page], width: int, theme: str) -> None:
    page = visit(Look(width, theme, "zh_Hans_CN"))
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    page.get_by_role("button", name="提交").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert axe_findings(page, within="#dev-form", slight=True) == []
