"""On a phone a hazard is registered with its photos; in the office a row opens in place. No console error anywhere."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.e2e.harness import DESKTOP, PHONE, Look, Screen, Served, Windows, axe_findings
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
def visit(served: Served, windows: Windows) -> Iterator[Callable[..., Page]]:
    opened: list[Screen] = []

    def go(key: str, path: str, look: Look = DESKTOP) -> Page:
        opened.append(windows.open(served, key, look).refuses(422))
        return opened[-1].goto(path)

    yield go
    for screen in opened:
        screen.close()
        screen.assert_clean()


def _photo() -> FilePayload:
    out = io.BytesIO()
    Image.new("RGB", (800, 600), (90, 120, 90)).save(out, "JPEG")
    return {"name": "scene.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def test_on_a_phone_it_is_photographed_described_and_registered(city: Walk, visit: Callable[..., Page]) -> None:
    page = visit("sun", "/hazards/new", PHONE)
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
    assert axe_findings(page, slight=True) == []


def test_the_register_is_readable_for_everybody(city: Walk, visit: Callable[..., Page]) -> None:
    for look in (DESKTOP, PHONE):
        page = visit("zhao", "/hazards", look)
        expect(page.locator("h1")).to_have_text("隐患台账")
        assert axe_findings(page, slight=True) == []
        assert page.evaluate("document.documentElement.scrollWidth") == look.width
