"""Signing in, choosing colours and language, the account page, and leaving."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.conftest import PASSWORD
from tests.e2e.harness import PHONE, Opens


def test_a_wrong_password_is_said_and_the_right_one_opens_the_account(open_screen: Opens) -> None:
    screen = open_screen().refuses(401)
    page = screen.goto("/account")
    expect(page).to_have_url(re.compile(r"/login\?next="))
    expect(page.get_by_label("用户名")).to_be_focused()
    page.get_by_label("用户名").fill("zhao")
    page.get_by_label("密码").fill("wrong-password")
    page.get_by_label("密码").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码不对")
    screen.check("sign-in-refused")
    expect(page.get_by_label("密码")).to_be_focused()
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="账户", level=1)).to_be_visible()
    expect(page.locator(".db-id")).to_contain_text("赵明远")
    page.locator(".db-id summary").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page).to_have_url(re.compile("/login"))


def test_colours_change_at_once_and_stay(open_screen: Opens) -> None:
    page = open_screen("zhao").goto("/account")
    look = page.locator("section", has=page.get_by_role("heading", name="颜色、字号、语言"))
    look.get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(look.get_by_role("button", name="深色")).to_have_attribute("aria-pressed", "true")
    look.get_by_role("button", name="大字").click()
    expect(page.locator("html")).to_have_class(re.compile("is-large"))
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("html")).to_have_class(re.compile("is-large"))


def test_the_language_is_chosen_under_the_name(open_screen: Opens) -> None:
    page = open_screen("deng").goto("/account")
    page.locator(".db-id summary").click()
    page.locator(".db-id").get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Account", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator(".db-id summary").click()
    page.locator(".db-id").get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_a_token_is_shown_once_and_revoked(open_screen: Opens) -> None:
    screen = open_screen("liu")
    page = screen.goto("/account")
    page.get_by_label("用途").fill("报表程序")
    page.get_by_role("button", name="生成令牌").click()
    secret = page.get_by_label("令牌", exact=True)
    expect(secret).to_have_value(re.compile("^duban_"))
    expect(page.locator("[data-focus]")).to_be_visible()
    screen.check("account-new-token")
    page.goto(screen.url + "/account")
    expect(page.get_by_text("只显示这一次")).to_have_count(0)
    page.get_by_role("button", name="撤销 报表程序").click()
    expect(page.get_by_text("已撤销令牌 报表程序")).to_be_visible()


def test_on_a_phone_everything_is_within_reach_of_the_thumb(open_screen: Opens) -> None:
    screen = open_screen("zhao", PHONE)
    page = screen.goto("/account")
    bar = page.get_by_role("navigation", name="手机导航")
    expect(bar).to_be_visible()
    bar.get_by_text("更多").click()
    expect(bar.get_by_role("link", name="账户")).to_be_visible()
    screen.check("phone-more")
    small = page.evaluate(
        """() => [...document.querySelectorAll('main a.btn, main button, main select, main input:not([type=hidden]), .db-m-nav a')]
        .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 40).map(e => e.outerHTML.slice(0, 90))"""
    )
    assert small == []


def test_the_keys_are_shown_by_the_question_mark(open_screen: Opens) -> None:
    page = open_screen("zhao").goto("/account")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_without_javascript_the_same_forms_work(open_screen: Opens, browser, served) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(served.url + "/login")
    page.get_by_text("颜色、字号、语言").click()
    page.get_by_role("button", name="English").click()
    page.get_by_label("User name").fill("ma")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/login"))
    page.goto(served.url + "/account")
    expect(page.get_by_role("heading", name="Account", level=1)).to_be_visible()
    page.get_by_label("Post").fill("Head")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    context.close()
