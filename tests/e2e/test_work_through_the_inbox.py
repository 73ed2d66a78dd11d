"""A day at the inbox in a browser: claim, fill, be refused, submit, go on; and every screen of it in four looks."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from app.audit import SYSTEM, Actor
from app.clock import FixedClock
from app.engine import Engine
from tests.cast import ORGS, PEOPLE, START, member
from tests.e2e.harness import LOOKS, PHONE, Opens, Served, chinese_in
from tests.inbox.processes import KEY, package

TITLES = ("办理采购合同用印", "出具企业复产证明", "向市政府报送二季度安全生产工作情况并附各镇街明细")

UNCLAIMED = ("没人签收的用印申请", "另一件没人签收的")


def by(key: str, org_name: str) -> Actor:
    person = member(key)
    return Actor(person.id, person.name, person.org_id, org_name)


@pytest.fixture(scope="module")
def tasks(served: Served, e2e_clock: FixedClock) -> Iterator[dict[str, str]]:
    """One task late, one due today, one due later, held by 赵明远; one nobody has; one passed on to the office."""
    engine: Engine = served.app.extensions["duban.engine"]
    sun, zhao = by("sun", "新港街道"), by("zhao", "应急局")
    found = {}
    with served.app.app_context():
        engine.deploy(package(), by=SYSTEM)
        for days, title in zip((6, 2, 0), TITLES, strict=True):
            e2e_clock.set(START - dt.timedelta(days=days, hours=2))
            found[title] = engine.start(KEY, {"summary": title, "pages": 2}, by=sun).tasks[0]
            engine.claim(found[title], by=zhao)
        e2e_clock.set(START)
        engine.urge(found[TITLES[1]], "今天下班前要用", by=sun)
        for title in UNCLAIMED:
            found[title] = engine.start(KEY, {"summary": title, "pages": 1}, by=sun).tasks[0]
        passed = engine.start(KEY, {"summary": "已经审过的", "pages": 1}, by=sun)
        done = engine.complete(passed.tasks[0], {"result": "pass", "opinion": "材料齐全，同意用印。"}, by=zhao)
        found["instance"] = done.instance_id
    yield found
    e2e_clock.set(START)


def test_every_screen_holds_in_every_look(open_screen: Opens, served: Served, tasks: dict[str, str]) -> None:
    screens = (
        ("inbox", "zhao", "/tasks"),
        ("inbox-claimable", "liu", "/tasks?box=claimable"),
        ("inbox-started", "sun", "/tasks?box=started"),
        ("inbox-done", "zhao", "/tasks?box=done"),
        ("inbox-empty", "sun", "/tasks"),
        ("inbox-filtered", "zhao", "/tasks?q=nothing"),
        ("task", "zhao", f"/tasks/{tasks[TITLES[1]]}"),
        ("task-looking-on", "sun", f"/tasks/{tasks[TITLES[1]]}"),
        ("instance", "sun", f"/instances/{tasks['instance']}"),
        ("start", "sun", "/start"),
        ("start-form", "sun", f"/start/{KEY}"),
    )
    for look in LOOKS:
        screen = open_screen(None, look)
        for name, person, path in screens:
            page = screen.signed_in(served, person).goto(path)
            screen.check(name)
            if look.locale == "en":
                assert not (left := set(chinese_in(page)) - NAMES), f"{name}: {left}"
        screen.close()


# Names of people and organisations, and what people wrote, stay Chinese on English pages.
NAMES = {
    *(part for text in (*TITLES, *UNCLAIMED) for part in re.findall(r"[\u4e00-\u9fff]+", text)),
    *(name for _key, name, _org, _roles in PEOPLE), *(name[0] for _key, name, _org, _roles in PEOPLE),
    *(org[2] for org in ORGS), "望海市应急管理局", "新港街道办事处",
    "今天下班前要用", "已经审过的", "材料齐全", "同意用印", "系",
}  # fmt: skip


def test_the_whole_diagram_opens_with_its_marks(open_screen: Opens, tasks: dict[str, str]) -> None:
    screen = open_screen("sun")
    page = screen.goto(f"/instances/{tasks['instance']}")
    page.get_by_text("展开全图").click()
    expect(page.locator(".djs-element.is-now")).to_have_count(1)
    expect(page.locator(".djs-shape.is-done").first).to_be_visible()
    screen.check("instance-diagram")


def test_a_task_is_claimed_taken_back_and_claimed_by_key(open_screen: Opens, tasks: dict[str, str]) -> None:
    screen = open_screen("liu")
    page = screen.goto("/tasks?box=claimable")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.get_by_text("已签收：")).to_be_visible()
    screen.check("inbox-undo")
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_text("已退回待签收 1 项")).to_be_visible()


def test_a_selection_shows_what_is_possible_for_all_of_it(open_screen: Opens, tasks: dict[str, str]) -> None:
    screen = open_screen("liu")
    page = screen.goto("/tasks?box=claimable")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk-count]")).to_have_text("已选 1 项")
    screen.check("inbox-selected")
    page.get_by_label("全选").check()
    page.get_by_role("button", name="签收", exact=True).last.click()
    expect(page.get_by_text(re.compile(r"已签收 \d 项"))).to_be_visible()
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_text(re.compile(r"已退回待签收 \d 项"))).to_be_visible()


def test_a_refused_form_keeps_its_text_and_a_submitted_one_leads_on(open_screen: Opens, tasks: dict[str, str]) -> None:
    screen = open_screen("zhao").refuses(422)
    page = screen.goto(f"/tasks/{tasks[TITLES[0]]}")
    page.get_by_label("意见").first.fill("合同已核对")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_contain_text("结论")
    expect(page.get_by_label("意见").first).to_have_value("合同已核对")
    screen.check("task-refused")
    page.locator("#task-form").get_by_text("同意", exact=True).click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("已提交，下一步：归档")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[1])
    screen.check("task-after-submit")


def test_what_is_typed_is_kept_by_itself(open_screen: Opens, tasks: dict[str, str]) -> None:
    screen = open_screen("zhao")
    page = screen.goto(f"/tasks/{tasks[TITLES[1]]}")
    page.get_by_label("意见").first.fill("先写一半")
    page.get_by_label("其他办理").focus()
    expect(page.locator("[data-saved]")).to_have_text("已自动保存 14:20")
    page.reload()
    expect(page.get_by_label("意见").first).to_have_value("先写一半")


def test_verbs_open_in_place_and_are_refused_in_place(open_screen: Opens, tasks: dict[str, str]) -> None:
    screen = open_screen("zhao")
    page = screen.goto(f"/tasks/{tasks[TITLES[2]]}")
    page.keyboard.press("r")
    expect(page.get_by_label("接办人")).to_be_visible()
    screen.check("task-reassign")
    page.get_by_label("接办人").select_option(label="刘洋　应急局")
    page.get_by_label("转办原因").fill("外出检查")
    page.locator("#reassign").get_by_role("button", name="转办").click()
    expect(page.get_by_text(f"已转办：{TITLES[2]}")).to_be_visible()


def test_on_a_phone_a_task_is_done_with_a_thumb(open_screen: Opens, tasks: dict[str, str]) -> None:
    screen = open_screen("liu", PHONE)
    page = screen.goto("/tasks")
    page.get_by_role("link", name=TITLES[2]).click()
    expect(page.get_by_text("第 1 步 / 共 2 步")).to_be_visible()
    # a form that opens at the lower edge comes up until its button stands above the bar
    asks = page.locator("main details.db-conf", has_text="发表意见")
    before = asks.locator("summary").evaluate(
        "node => { node.scrollIntoView({block: 'end', behavior: 'instant'}); const at = scrollY; node.click(); return at }"
    )
    page.wait_for_function("before => scrollY > before", arg=before)
    button, bar = asks.get_by_role("button").first.bounding_box(), page.locator(".db-m-nav").bounding_box()
    assert button and bar and button["y"] + button["height"] <= bar["y"], (button, bar)
    asks.locator("[data-close-details]").click()
    page.locator("#task-form").get_by_text("同意", exact=True).click()
    page.get_by_label("意见").first.fill("同意报送")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已提交，下一步：归档")).to_be_visible()
    screen.check("inbox-after")


def test_who_comes_second_reads_who_was_faster(open_screen: Opens, served: Served, tasks: dict[str, str]) -> None:
    engine: Engine = served.app.extensions["duban.engine"]
    with served.app.app_context():
        task = engine.start(KEY, {"summary": "两个人同时办", "pages": 1}, by=by("sun", "新港街道")).tasks[0]
    screen = open_screen("liu").refuses(409)
    page = screen.goto(f"/tasks/{task}")
    page.locator("#task-form").get_by_text("不同意", exact=True).click()
    page.get_by_label("意见").first.fill("我也写了一段")
    with served.app.app_context():
        engine.complete(task, {"result": "pass", "opinion": "先办了"}, by=by("gao", "应急局"))
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_contain_text("高原已办理这项工作")
    expect(page.get_by_text("我也写了一段")).to_be_visible()
    screen.check("task-overtaken")
