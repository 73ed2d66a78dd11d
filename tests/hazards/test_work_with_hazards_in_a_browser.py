"""On a phone a hazard is registered with its photos; in the office a row opens in place. No console error anywhere."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from app.web.sessions import COOKIE
from tests.e2e.harness import Served
from tests.hazards.walk import Walk

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def served(app: Flask, static_files: object) -> Iterator[Served]:
    app.config["WTF_CSRF_ENABLED"] = True
    served = Served(app)
    yield served
    served.close()
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def visit(served: Served, browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def go(key: str, path: str, width: int = 1440) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 844}, locale="zh-CN", has_touch=width < 500)
        contexts.append(context)
        context.add_cookies([{"name": COOKIE, "value": served.session_cookie(key), "url": served.url}])
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" and "422" not in m.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{served.url}{path}")
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def _photo() -> FilePayload:
    out = io.BytesIO()
    Image.new("RGB", (800, 600), (90, 120, 90)).save(out, "JPEG")
    return {"name": "scene.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def test_on_a_phone_it_is_photographed_described_and_registered(city: Walk, visit: Callable[..., Page]) -> None:
    page = visit("sun", "/hazards/new", 390)
    page.locator("#f-photos_before").set_input_files([_photo()])
    expect(page.locator("[name=photos_before]:not([value=''])")).to_have_count(1)
    page.locator("[name=subject_id__q]").fill("鑫源")
    expect(page.locator("#f-subject_id option", has_text="鑫源纺织")).to_have_count(1)
    page.locator("#f-subject_id").select_option(label="鑫源纺织有限公司")
    page.get_by_label("隐患", exact=False).first.fill("楼梯间堆放杂物")
    page.locator("#f-on_site").check()
    expect(page.locator("#f-photos_after")).to_be_attached()
    expect(page.locator("[name=summary]")).to_have_value("楼梯间堆放杂物")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-error-summary]")).to_contain_text("当场采取的措施")
    page.locator("#f-photos_after").set_input_files([_photo()])
    expect(page.locator("[name=photos_after]:not([value=''])")).to_have_count(1)
    page.locator("[name=on_site_measures]").fill("当场清走")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("h1")).to_have_text("鑫源纺织有限公司：楼梯间堆放杂物")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_row_opens_and_closes_in_place(city: Walk, visit: Callable[..., Page]) -> None:
    hazard = city.register("zhao", summary="配电箱未接零", description="总箱 N 线与 PE 线混接")
    page = visit("zhao", "/hazards")
    page.get_by_label(f"展开 {hazard.number}").click()
    expect(page.locator(".db-exp")).to_contain_text("总箱 N 线与 PE 线混接")
    page.get_by_label(f"收起 {hazard.number}").click()
    expect(page.locator(".db-exp")).to_have_count(0)


def test_one_hazards_page_brings_its_course_and_its_record(city: Walk, visit: Callable[..., Page]) -> None:
    hazard = city.to_review(city.register("zhao", summary="灭火器过期"))
    page = visit("wang", f"/hazards/{hazard.id}")
    expect(page.locator("#strip")).to_contain_text("整改复查")
    expect(page.locator("#timeline")).to_contain_text("下达指令")
    found = [v["id"] for v in Axe().run(page).response["violations"]]
    assert found == []


def test_the_register_is_readable_for_everybody(city: Walk, visit: Callable[..., Page]) -> None:
    for width in (1440, 390):
        page = visit("zhao", "/hazards", width)
        expect(page.locator("h1")).to_have_text("隐患台账")
        found = [(v["id"], v["nodes"][0]["html"][:200]) for v in Axe().run(page).response["violations"]]
        assert found == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
