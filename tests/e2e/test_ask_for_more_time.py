"""申请延期 from the phone of an enterprise to the new last day: asked, reviewed, granted, and the old day struck out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.clock import FixedClock
from app.db import write_transaction
from app.engine import HumanTask
from app.hazards import Hazard
from app.subjects import Subject
from tests.cast import START
from tests.e2e.harness import DESKTOP, LOOKS, PHONE, Opens, Served
from tests.hazards.walk import Walk, people_the_register, subject_id


@pytest.fixture(scope="module")
def served(own_city: Served) -> Served:
    return own_city


@pytest.fixture
def hazard(served: Served, clock: FixedClock) -> Iterator[Hazard]:
    """Ordered on 9 April to be rectified by the 24th; received by the enterprise."""
    clock.set(START)
    with served.app.app_context():
        with served.app.extensions["duban.sessions"]() as session, write_transaction(session):
            if session.get(Subject, subject_id("xinyuan")) is None:
                people_the_register(session)
        city = Walk(served.app, clock)
        yield city.receive(city.order(city.grade(city.register(summary="安全出口上锁，锁具待更换"))))
    clock.set(START)


def open_task(served: Served, *, instance: str = "", process: str = "") -> str:
    select = sa.select(HumanTask.id).where(HumanTask.status == "open")
    select = select.where(HumanTask.instance_id == instance) if instance else select
    select = select.where(HumanTask.definition_key == process) if process else select
    with served.app.extensions["duban.sessions"]() as session:
        found: str = session.scalars(select).one()
        return found


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)


def test_it_is_asked_on_a_phone_reviewed_and_granted(served: Served, hazard: Hazard, open_screen: Opens) -> None:
    task = open_task(served, instance=hazard.instance_id)
    phone = open_screen("zhou", PHONE).refuses(422)
    page = phone.goto(f"/tasks/{task}")
    page.locator("#extend > summary").click()
    form = page.locator("#extension-form")
    expect(page.locator('button[form="task-form"]').first).to_be_hidden()  # the form stands in place of the bar
    form.locator("[name=new_due_on]").fill("2026-05-15")
    form.locator("[name=reason]").fill("锁具到货推迟")
    form.get_by_role("button", name="提交申请").click()
    expect(page.locator("#extend [data-error-summary]")).to_be_visible()  # progress and interim measures are missing
    expect(form.locator("[name=reason]")).to_have_value("锁具到货推迟")
    phone.check("extension-refused")
    form.locator("[name=progress]").fill("通道已清空")
    form.locator("[name=interim_measures]").fill("出口专人值守")
    form.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("已提交申请，答复前原期限不变").first).to_be_visible()
    expect(page.locator("#extend")).to_have_count(1)  # an appeal may still be made beside it
    phone.check("extension-asked")

    for person, node in (("zhao", "review"), ("gao", "decide")):
        office = open_screen(person, DESKTOP)
        desk = office.goto(f"/tasks/{open_task(served, process='hazard_request')}")
        if node == "review":
            choose(desk, "suggestion", "agree")
            desk.locator("[name=review_opinion]").fill("情况属实")
        else:
            choose(desk, "decision", "agree")
            expect(desk.locator("[name=approved_due_on]")).to_have_value("2026-05-15")
            desk.locator("[name=approved_due_on]").fill("2026-05-10")
            desk.locator("[name=opinion]").fill("同意延至 5 月 10 日")
        office.check(f"extension-{node}")
        desk.locator('button[form="task-form"]', has_text="提交").click()
        expect(desk.get_by_text("已提交").first).to_be_visible()

    served.tick()
    for look in LOOKS:
        screen = open_screen("zhou", look)
        page = screen.goto(f"/tasks/{task}")
        limit = page.locator(".db-dl.is-block").first
        expect(limit.locator("s")).to_have_text("4月24日" if look.locale != "en" else "24 Apr")
        expect(limit).to_contain_text("5月10日" if look.locale != "en" else "10 May")
        screen.check("task-extended")
    page = open_screen("zhou", DESKTOP).goto("/notifications")
    expect(page.get_by_text("已办结：整改申请　准予").first).to_be_visible()
