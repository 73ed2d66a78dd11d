"""Registering, finding and opening a supervised subject; notifications and the calendar beside it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from app.clock import FixedClock
from app.db import write_transaction
from app.notifications import deliver
from tests.cast import START
from tests.e2e.harness import LOOKS, PHONE, Opens, Served
from tests.hazards.walk import Walk, people_the_register, subject_id
from tests.notifications.events import event, open_task


def test_a_subject_is_registered_found_by_pinyin_and_opened(open_screen: Opens) -> None:
    screen = open_screen("zhao").refuses(422)
    page = screen.goto("/subjects/new")
    page.get_by_label("名称").fill("海天机械制造有限公司")
    page.get_by_label("编号", exact=True).fill("91350211M000100Y44")
    page.get_by_label("领域").select_option(label="工贸")
    page.get_by_label("属地").select_option(label="新港街道")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("校验位不符")
    expect(page.get_by_label("名称")).to_have_value("海天机械制造有限公司")
    screen.check("subject-refused")
    page.get_by_label("编号", exact=True).fill("91350211M000100Y46")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="海天机械制造有限公司")).to_be_visible()
    page.goto(screen.url + "/subjects?q=htjx")
    page.get_by_role("link", name="海天机械制造有限公司").click()
    expect(page.get_by_role("heading", name="基本情况")).to_be_visible()


def test_the_filled_list_and_the_page_hold_in_every_look(open_screen: Opens) -> None:
    for number, look in enumerate(LOOKS):
        screen = open_screen("wang", look)
        page = screen.goto("/subjects")
        if number == 0:
            for name in ("长岛冷冻", "北港仓储"):
                token = page.locator("meta[name=csrf-token]").get_attribute("content")
                made = page.request.post(
                    screen.url + "/api/v1/subjects",
                    headers={"X-CSRFToken": str(token)},
                    data={"type": "enterprise", "name": name, "region_code": "990181101201", "sector_code": "INDUSTRY",
                          "is_key": True, "manager_name": "周敏", "manager_phone": "138 0000 0001"},
                )  # fmt: skip
                assert made.status == 201, made.text()
            page.reload()
        expect(page.get_by_role("link", name="长岛冷冻")).to_be_visible()
        screen.check("subjects-filled")


def test_messages_arrive_and_are_read(open_screen: Opens, served: Served) -> None:
    with served.app.extensions["duban.sessions"]() as session, write_transaction(session):
        task = open_task(session, holder="ma", role="town_staff", org="xingang")
        deliver(session, event("task.urged", task, by="gao", text="请今天反馈"), key="walk-1", now=START)
        deliver(session, event("task.reminded", task), key="walk-2", now=START)
    for look in LOOKS:
        screen = open_screen("ma", look)
        page = screen.goto("/notifications")
        expect(page.locator(".db-msg.is-unread")).to_have_count(2)
        screen.check("notifications-filled")
    screen = open_screen("ma", PHONE)
    page = screen.goto("/notifications")
    page.get_by_role("button", name="标为已读", exact=True).first.click()
    expect(page.locator(".db-msg.is-unread")).to_have_count(1)
    page.get_by_role("button", name="全部标为已读").click()
    expect(page.locator(".db-msg.is-unread")).to_have_count(0)
    expect(page.locator("#bell .db-badge")).to_have_count(0)


def test_a_notice_is_checked_and_imported(open_screen: Opens) -> None:
    screen = open_screen("root").refuses(422)
    page = screen.goto("/admin/calendar?year=2027")
    expect(page.get_by_text("2027 年为预估日历")).to_be_visible()

    def choose(text: str) -> None:
        page.get_by_label("文件").set_input_files({"name": "2027.csv", "mimeType": "text/csv", "buffer": text.encode()})

    choose("日期,类型,名称\n2027-02-30,休,春节\n")
    page.get_by_role("button", name="预检").click()
    expect(page.get_by_role("alert")).to_contain_text("第 2 行")
    screen.check("calendar-refused")
    notice = "日期,类型,名称\n2027-02-05 至 2027-02-11,休,春节\n"
    choose(notice)
    page.get_by_role("button", name="预检").click()
    expect(page.get_by_text("预检通过")).to_be_visible()
    choose(notice)
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.get_by_text("已导入 2027 年")).to_be_visible()
    expect(page.get_by_text("2027 年为预估日历")).to_have_count(0)
    screen.check("calendar-imported")


def test_the_api_documentation_opens_under_the_policy(open_screen: Opens) -> None:
    screen = open_screen()
    page = screen.goto("/api/docs")
    expect(page.get_by_text(re.compile("/api/v1/subjects")).first).to_be_visible()
    screen.assert_clean("api-docs")


def test_the_page_of_a_subject_brings_its_hazards(open_screen: Opens, served: Served, e2e_clock: FixedClock) -> None:
    with served.app.app_context(), served.app.extensions["duban.sessions"]() as session:
        with write_transaction(session):
            people_the_register(session)
        Walk(served.app, e2e_clock).register("zhao")
    for look in LOOKS:
        screen = open_screen("zhao", look)
        page = screen.goto(f"/subjects/{subject_id('xinyuan')}")
        expect(page.locator("#hazards-rows").get_by_text("2 号车间安全出口上锁").first).to_be_visible()
        screen.check("subject-with-hazards")
