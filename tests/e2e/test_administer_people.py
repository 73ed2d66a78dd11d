"""An account from its making to its first sign-in, by three people: nobody can do it alone."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.cast import member
from tests.e2e.harness import Opens


def test_a_new_colleague_signs_in_for_the_first_time(open_screen: Opens) -> None:
    admin, security = open_screen("root").refuses(422), open_screen("shen").refuses(422)
    page = admin.goto("/admin/users/new")
    page.get_by_label("用户名").fill("1")
    page.get_by_role("button", name="新建账户").click()
    expect(page.get_by_role("alert")).to_contain_text("以字母开头")
    admin.check("user-new-refused")
    page.get_by_label("用户名").fill("tian.ye")
    page.get_by_label("姓名").fill("田野")
    page.get_by_label("单位").select_option(label="望海市应急管理局")
    page.get_by_role("button", name="新建账户").click()
    expect(page.get_by_role("heading", name="田野")).to_be_visible()
    where = page.url.removeprefix(admin.url)

    page = security.goto(where)
    page.get_by_label("角色 *").select_option(label="部门人员")
    page.get_by_role("button", name="授予").click()
    expect(page.get_by_text("已授予 部门人员")).to_be_visible()
    page.get_by_text("发放临时密码").click()
    page.get_by_role("button", name="生成临时密码").click()
    secret = page.locator("#f-secret, .db-secret, [data-focus] input").first
    expect(secret).to_have_value(re.compile(r"^\w{4}-\w{4}-\w{4}$"))
    security.check("user-temporary-password")
    temporary = secret.input_value()

    new = open_screen()
    page = new.goto("/login")
    page.get_by_label("用户名").fill("tian.ye")
    page.get_by_label("密码").fill(temporary)
    page.get_by_role("button", name="登录").click()
    expect(page).not_to_have_url(re.compile("/login"))
    page.goto(new.url + "/account")
    expect(page.get_by_text("现在用的是临时密码")).to_be_visible()
    new.check("password-temporary")
    page.get_by_label("临时密码").fill(temporary)
    page.get_by_label("新密码", exact=True).fill("海边-seven-椰子-9")
    page.get_by_label("再填一次新密码").fill("海边-seven-椰子-9")
    page.get_by_role("button", name="修改密码").click()
    expect(page.get_by_text("密码已修改")).to_be_visible()
    expect(page.get_by_role("heading", name="账户", level=1)).to_be_visible()


def test_the_list_narrows_while_typing(open_screen: Opens) -> None:
    page = open_screen("root").goto("/admin/users")
    expect(page.get_by_role("link", name="赵明远")).to_be_visible()
    page.get_by_role("searchbox").fill("马会")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("link", name="马会")).to_be_visible()
    expect(page.get_by_role("link", name="赵明远")).to_have_count(0)
    expect(page).to_have_url(re.compile("q="))


def test_deactivating_asks_first_and_can_be_taken_back(open_screen: Opens) -> None:
    screen = open_screen("root")
    page = screen.goto(f"/admin/users/{member('qin').id}")
    page.get_by_text("停用账户").click()
    screen.check("user-deactivate")
    page.get_by_role("button", name="停用", exact=True).click()
    expect(page.get_by_text("已停用").first).to_be_visible()
    page.get_by_role("button", name="启用账户").click()
    expect(page.get_by_text("已启用")).to_be_visible()


def test_the_audit_log_checks_its_own_chain(open_screen: Opens) -> None:
    screen = open_screen("cha")
    page = screen.goto("/admin/audit")
    page.get_by_role("button", name="校验哈希链").click()
    expect(page.get_by_text("哈希链完整")).to_be_visible()
    screen.check("audit-checked")
