"""A phone takes a checklist to where there is no network: everything is there once when it is back, and only once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect

from app.clock import FixedClock
from app.db import write_transaction
from app.files import Attachment
from app.hazards import Hazard
from app.inspections import InspectedSubject, InspectionItem
from app.web import WebSession
from app.web.sessions import COOKIE
from tests.cast import member
from tests.e2e.harness import PHONE, Served, new_screen
from tests.files import pictures
from tests.hazards.walk import people_the_register
from tests.inspections.walk import Walk

FAILED = (2, 9, 17)
# Nothing of any inspection is on the phone: no row of any store, no page.
NOTHING_KEPT = """async () => {
    const db = await new Promise((done) => { indexedDB.open("duban-field").onsuccess = (event) => done(event.target.result); });
    const count = (name) => new Promise((done) => {
        db.transaction(name).objectStore(name).count().onsuccess = (event) => done(event.target.result);
    });
    const rows = await Promise.all(["inspections", "answers", "photos"].map(count));
    return rows.every((number) => number === 0) && !(await (await caches.open("pages")).keys()).length;
}"""


@pytest.fixture(scope="module")
def walk(app: Flask, clock: FixedClock) -> Walk:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_register(session)
    return Walk(app, clock)


def block(page: Page, position: int) -> Locator:
    return page.locator("#main section.db-check-block").nth(position - 1)


def answer(page: Page, position: int) -> None:
    """One tap an item; a failed one gets two photos and a deadline, the words are there."""
    box = block(page, position)
    if position not in FAILED:
        box.get_by_role("button", name="符合", exact=True).click()
        return
    box.get_by_role("button", name="不符合", exact=True).click()
    files = [
        {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": pictures.photo(colour=colour)}
        for n, colour in enumerate(("red", "navy"))
    ]
    box.locator("input[type=file]").first.set_input_files(files)  # type: ignore[arg-type]
    expect(box.locator("figure")).to_have_count(2)
    box.get_by_role("radiogroup", name="整改期限").get_by_text("7 日", exact=True).click()
    expect(box.locator("[data-lacks]")).to_have_count(0)


def wait_until(page: Page, asked: str) -> None:
    """Ask the page until it says yes; `wait_for_function` takes the promise of an answer for a yes."""
    for _look in range(80):
        if page.evaluate(asked):
            return
        page.wait_for_timeout(250)
    raise AssertionError(asked)


def unsent(page: Page, count: int) -> None:
    expect(page.locator("#sync")).to_have_attribute("data-unsent", str(count), timeout=20_000)


def take_back_what_was_sent(page: Page) -> None:
    """A finding that stands on no list, sent and then deleted on the phone."""
    own = page.get_by_role("region", name="其他问题")
    page.get_by_role("button", name="登记清单以外的问题").click()
    own.locator("textarea").first.fill("通道临时堆放")
    unsent(page, 1)
    unsent(page, 0)
    page.reload()
    own.get_by_role("button", name="删除这个问题").click()
    unsent(page, 0)
    expect(own).to_have_count(0)


def test_eighteen_items_six_photos_three_hazards_without_a_network_and_back(
    browser: Browser, own_city: Served, walk: Walk
) -> None:
    inspection = walk.arrive(walk.plan())
    assert len(walk.items(inspection)) == 18
    screen = new_screen(browser, own_city, "liu", PHONE).refuses(400, 401)
    page, context = screen.page, screen.page.context
    screen.goto(f"/inspections/{inspection.id}/check")
    page.get_by_role("link", name="带到现场").click()
    unsent(page, 0)  # said only when the list and the page are on the phone

    context.set_offline(True)
    for position in range(1, 11):
        answer(page, position)
    unsent(page, 10)
    expect(page.locator("#sync")).to_contain_text("照片 4 张已存本机")
    page.reload()
    expect(page.locator("#field-done")).to_have_text("10 / 18 项")
    expect(block(page, 9).locator("figure img[src^=blob]")).to_have_count(2)
    page.goto(f"{own_city.url}/inbox")
    expect(page.get_by_role("link", name=inspection.number)).to_be_visible()
    page.get_by_role("link", name=inspection.number).click()
    for position in range(11, 19):
        answer(page, position)
    page.get_by_role("radiogroup", name="签字").get_by_text("现场签字").click()
    page.get_by_label("签字人").fill("周敏")
    unsent(page, 19)
    screen.check("field-offline")

    with walk.sessions() as session, write_transaction(session):
        session.execute(sa.delete(WebSession).where(WebSession.user_key == member("liu").fs_uniquifier))
    context.set_offline(False)
    expect(page.locator("#sync")).to_contain_text("登录已过期", timeout=20_000)
    unsent(page, 19)
    assert not any(item.result for item in walk.items(inspection))

    context.add_cookies([{"name": COOKIE, "value": own_city.session_cookie("liu"), "url": own_city.url}])
    page.reload()
    unsent(page, 0)
    screen.check("field-sent")
    page.reload()
    unsent(page, 0)
    take_back_what_was_sent(page)
    for _look in range(40):  # what is taken back goes up a moment later
        if len(walk.items(inspection)) == 18:
            break
        page.wait_for_timeout(250)
    assert len(walk.items(inspection)) == 18
    page.get_by_role("link", name="提交检查记录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(inspection.number)

    results = {item.position: item.result for item in walk.items(inspection)}
    assert {position for position, result in results.items() if result == "noncompliant"} == set(FAILED)
    assert all(results.values())
    walk.step(inspection, "check", "liu", conclusion="已检查", violation_found="no")
    walk.engine.deliver_all()
    with walk.sessions() as session:
        hazards = list(session.scalars(sa.select(Hazard).where(Hazard.inspection_id == inspection.id)))
        assert len(hazards) == 3
        assert len({photo for one in hazards for photo in one.photos_before}) == 6
        rows = sa.select(InspectionItem).join(InspectedSubject)
        kept = [
            photo
            for item in session.scalars(rows.where(InspectedSubject.inspection_id == inspection.id))
            for photo in item.photos
        ]
        assert len(kept) == len(set(kept)) == 6
        attached = (
            sa.select(sa.func.count()).select_from(Attachment).where(Attachment.subject_kind == "inspected_subject")
        )
        assert session.scalar(attached) == 6
    screen.goto(f"/inspections/{inspection.id}/field")
    expect(block(page, 1).get_by_role("button", name="符合", exact=True)).to_be_disabled()
    wait_until(page, NOTHING_KEPT)
    screen.assert_clean("field")
    screen.close()


def test_photos_that_are_up_stay_with_their_item_whatever_another_window_fetches(
    browser: Browser, own_city: Served, walk: Walk
) -> None:
    """The other window lets go of the pictures; this one still calls them by the names they had on the phone."""
    inspection = walk.arrive(walk.plan())
    screen = new_screen(browser, own_city, "liu", PHONE)
    page = screen.goto(f"/inspections/{inspection.id}/field")
    unsent(page, 0)
    answer(page, 2)
    unsent(page, 0)
    other = page.context.new_page()
    other.goto(page.url)
    unsent(other, 0)
    expect(block(other, 2).locator("figure img[src*=thumbnail]")).to_have_count(2)
    other.close()

    block(page, 2).locator("textarea").first.fill("通道堆放杂物")
    unsent(page, 1)
    unsent(page, 0)
    found = walk.items(inspection)[1]
    assert (found.finding, len(found.photos)) == ("通道堆放杂物", 2)
    screen.assert_clean("field-two-windows")
    screen.close()
