"""What looks at the screens overlooks nothing: among rows that look alike, the one that does not is found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.harness import axe_findings

ROWS = "".join(f"<li class=row><span>第 {n} 行</span></li>" for n in range(30))
BODY = f"<style>.row {{ color: #222 }} .faint {{ color: #bbb }}</style><main><h1>行</h1><ul>{ROWS}</ul></main>"
# What makes the contrast of one row too low, each in another way: by itself, by what is behind it, by what it is in.
FAULTS = (
    "row.firstChild.style.color = '#aaa'",
    "row.firstChild.className = 'faint'",
    "row.style.backgroundColor = '#444'",
    "row.style.opacity = .3",
    "row.querySelector('span').outerHTML = '<span><i style=\"background: #333\">第 17 行</i></span>'",
)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_content(f"<!doctype html><html lang=zh-CN><title>行</title>{BODY}")
    yield page
    page.close()


def test_the_one_row_that_is_too_faint_is_found(page: Page) -> None:
    assert axe_findings(page) == []
    for fault in FAULTS:
        page.evaluate(f"() => {{ const row = document.querySelectorAll('li')[17]; {fault} }}")
        found = axe_findings(page)
        assert len(found) == 1 and "color-contrast" in found[0] and "第 17 行" in found[0], (fault, found)
        assert "第 16 行" not in found[0]
        page.evaluate("rows => { document.querySelector('ul').innerHTML = rows }", ROWS)
    page.evaluate("document.querySelectorAll('li').forEach(row => row.classList.add('faint'))")
    assert axe_findings(page) != []


def test_every_row_that_is_too_faint_is_told(page: Page) -> None:
    page.evaluate("document.querySelectorAll('li:nth-child(10n)').forEach(row => { row.style.color = '#aaa' })")
    (found,) = axe_findings(page)
    assert found.count("<span") == 3


def test_slight_findings_are_told_on_request_and_only_within_what_is_asked_for(page: Page) -> None:
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforebegin', '<h4 id=out>外</h4><p>外</p>')")
    assert axe_findings(page) == []
    assert any("heading-order" in found or "region" in found for found in axe_findings(page, slight=True))
    assert axe_findings(page, slight=True, within="ul") == []
