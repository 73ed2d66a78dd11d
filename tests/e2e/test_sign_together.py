"""会签、票签、一票否决、依次签、或签 in the browser: every vote by its own person, with the page opened anew after each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from app.audit import SYSTEM, Actor
from app.clock import FixedClock
from app.engine import Engine, HumanTask
from tests.cast import START, member
from tests.e2e.harness import DESKTOP, LOOKS, Opens, Served
from tests.engine.signing import process

BOARD = ("zhao", "deng", "liu")
Begin = Callable[[str], str]


@pytest.fixture(scope="module")
def served(own_city: Served) -> Served:
    return own_city


@pytest.fixture
def begin(served: Served, clock: FixedClock) -> Begin:
    """`begin("ratio")` → the instance whose step waits for three signatures; 王建国 sends it."""
    clock.set(START)
    engine: Engine = served.app.extensions["duban.engine"]
    wang = Actor(member("wang").id, member("wang").name, member("wang").org_id, "市安委办")

    def start(policy: str) -> str:
        key = f"walk_{policy}"
        engine.deploy(process(policy, key=key), by=SYSTEM, publish=True)
        return engine.start(key, {"board": [member(person).id for person in BOARD]}, by=wang).instance_id

    return start


def rows(served: Served, instance: str) -> dict[str, HumanTask]:
    """The signatures that are asked for now, by the cast's key."""
    keys = {member(person).id: person for person in (*BOARD, "gao")}
    select = sa.select(HumanTask).where(
        HumanTask.instance_id == instance, HumanTask.node_id == "sign", HumanTask.status == "open"
    )
    with served.app.extensions["duban.sessions"]() as session:
        return {keys[task.assignee_id or ""]: task for task in session.scalars(select)}


def vote(served: Served, open_screen: Opens, instance: str, person: str, choice: str) -> None:
    """One signature, and the same page once more: what was signed is still there."""
    task = rows(served, instance)[person]
    screen = open_screen(person, DESKTOP)
    page = screen.goto(f"/tasks/{task.id}")
    page.locator(f'input[name="decision"][value="{choice}"]').check(force=True)
    page.locator("[name=remark]").fill(f"{person} 的意见")
    page.locator('button[form="task-form"]', has_text="提交").click()
    expect(page.get_by_text("已提交").first).to_be_visible()
    for _time in ("opened", "reloaded"):
        page = screen.goto(f"/tasks/{task.id}")
        line = page.locator("#signing li", has_text=member(person).name)
        expect(line).to_contain_text(choice)
        expect(line).to_contain_text(f"{person} 的意见")
    screen.close()


def outcome(served: Served, instance: str, person: str) -> str | None:
    engine: Engine = served.app.extensions["duban.engine"]
    select = sa.select(HumanTask).where(HumanTask.instance_id == instance, HumanTask.signing_id.is_not(None)).limit(1)
    with served.app.extensions["duban.sessions"]() as session:
        tally = engine.tally(session, session.scalars(select).one())
        return tally.outcome if tally else None


def test_two_of_three_are_enough(served: Served, open_screen: Opens, begin: Begin) -> None:
    instance = begin("ratio")
    vote(served, open_screen, instance, "zhao", "agree")
    page = open_screen("deng", DESKTOP).goto(f"/tasks/{rows(served, instance)['deng'].id}")
    expect(page.locator("#signing")).to_contain_text("2 人同意即通过，共 3 人")
    expect(page.locator("#signing")).to_contain_text("同意 1，不同意 0，待签 2")
    vote(served, open_screen, instance, "deng", "agree")
    assert (outcome(served, instance, "liu"), rows(served, instance)) == ("agree", {})


def test_one_veto_is_enough(served: Served, open_screen: Opens, begin: Begin) -> None:
    instance = begin("veto")
    vote(served, open_screen, instance, "zhao", "agree")
    vote(served, open_screen, instance, "liu", "refuse")
    assert (outcome(served, instance, "zhao"), rows(served, instance)) == ("disagree", {})


def test_in_turn_each_is_asked_when_the_one_before_has_agreed(served: Served, open_screen: Opens, begin: Begin) -> None:
    instance = begin("in_turn")
    for person in BOARD:
        assert list(rows(served, instance)) == [person]
        vote(served, open_screen, instance, person, "agree")
    assert outcome(served, instance, "zhao") == "agree"


def test_of_any_the_first_decides(served: Served, open_screen: Opens, begin: Begin) -> None:
    instance = begin("any")
    vote(served, open_screen, instance, "deng", "agree")
    assert (outcome(served, instance, "deng"), rows(served, instance)) == ("agree", {})


def test_a_signer_is_added_and_taken_away_and_the_tally_holds_in_every_look(
    served: Served, open_screen: Opens, begin: Begin
) -> None:
    instance = begin("all")
    task = rows(served, instance)["zhao"].id
    page = open_screen("zhao", DESKTOP).goto(f"/tasks/{task}")
    page.locator("#sign > summary").click()
    page.locator("#sign [name=user_id]").select_option(member("gao").id)
    page.locator("#sign [name=reason]").fill("涉及其职责")
    page.locator("#sign").get_by_role("button", name="加签").click()
    expect(page.locator("#signing li", has_text="高原")).to_contain_text("待签")
    vote(served, open_screen, instance, "deng", "agree")
    for look in LOOKS:
        screen = open_screen("zhao", look)
        screen.goto(f"/tasks/{task}")
        screen.check("task-signing")
    page = open_screen("zhao", DESKTOP).goto(f"/tasks/{task}")
    line = page.locator("#signing li", has_text="高原")
    line.locator("summary").click()
    line.locator("[name=reason]").fill("不涉及")
    line.get_by_role("button", name="减签").click()
    expect(page.locator("#signing li", has_text="高原")).to_have_count(0)
    assert set(rows(served, instance)) == {"zhao", "liu"}
