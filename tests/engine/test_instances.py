"""Start, cancel, suspend, amend; the columns that lists read."""

from __future__ import annotations

from typing import Any

import pytest

from app import errors
from app.engine import Fact, Instance
from tests.cast import org_id
from tests.engine import diagrams as d
from tests.engine.conftest import World

MANIFEST = """
instance_title = "place + '：' + what"
business_key = "number"
on_cancel = "cases.void"
on_amend = "cases.correct"
[subject]
kind = "case"
id = "case_id"
[scope]
region = "region_code"
sector = "sector_code"
supervising = "supervising"
responsible = "responsible"
[facts]
grade = "grade"
funds = "funds"
"""


@pytest.fixture
def voided(world: World) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []

    @world.engine.service_task("cases.void")
    def void(call: Any) -> None:
        seen.append(dict(call.data))

    @world.engine.service_task("cases.correct")
    def correct(call: Any) -> None:
        seen.append(dict(call.data["changes"]))

    world.deploy(
        d.package(
            "case",
            d.user("act", form="f"),
            d.user("look"),
            d.end(),
            manifest=MANIFEST,
            files={"forms/f.json": '{"fields": []}'},
        )
    )
    return seen


DATA = {
    "place": "鑫源纺织", "what": "安全出口上锁", "number": "YH-1", "case_id": "c1", "region_code": "990181101201",
    "sector_code": "INDUSTRY", "supervising": "应急局", "responsible": "xinyuan",
}  # fmt: skip


def test_an_instance_carries_what_lists_and_row_scope_need(world: World, voided: list[Any]) -> None:
    instance = world.start("case", DATA)
    row, task = world.instance(instance), world.task(instance, "act")
    assert (row.title, row.business_key, row.subject_kind, row.subject_id) == (
        "鑫源纺织：安全出口上锁",
        "YH-1",
        "case",
        "c1",
    )
    for one in (row, task):
        assert (one.region_code, one.sector_code) == ("990181101201", "INDUSTRY")
        assert (one.supervising_org_id, one.responsible_org_id) == (org_id("emergency"), org_id("xinyuan"))
    assert task.title == row.title


def test_facts_follow_the_data_with_their_types(world: World, voided: list[Any]) -> None:
    instance = world.start("case", DATA)
    assert world.rows(Fact, instance) == []
    world.complete(instance, "act", grade="general", funds=12000)
    facts = {row.name: (row.text, row.number) for row in world.rows(Fact, instance)}
    assert facts == {"grade": ("general", None), "funds": (None, 12000.0)}


def test_the_same_thing_is_not_started_twice(world: World, voided: list[Any]) -> None:
    world.start("case", DATA)
    with pytest.raises(errors.Conflict):
        world.start("case", DATA)
    with pytest.raises(errors.Conflict):
        world.start("case", DATA | {"number": "other"}, business_key="YH-1")
    with world.sessions() as session:
        assert session.query(Instance).count() == 1


def test_cancelling_tells_the_record_and_takes_everything_along(world: World, voided: list[Any]) -> None:
    instance = world.start("case", DATA)
    with pytest.raises(errors.Invalid):
        world.engine.cancel(instance, " ", by=world.person("zhao"))
    world.engine.cancel(instance, "误报", by=world.person("zhao"))
    assert world.instance(instance).status == "cancelled"
    assert world.tasks(instance) == []
    assert voided[0]["reason"] == "误报"
    with pytest.raises(errors.Conflict):
        world.engine.cancel(instance, "误报", by=world.person("zhao"))
    with world.sessions() as session:
        assert world.engine.verify(session, instance) is None


def test_cancelling_takes_the_rungs_that_were_started_along(world: World) -> None:
    world.deploy(d.package("rung", d.user("handle", role="coordinator"), d.end(), manifest="starters = []\n"))
    world.deploy(d.package("late", d.user("act", deadline="P1D", ladder="+1 work_days: rung"), d.end()))
    instance = world.start("late")
    world.advance(days=7)
    with world.sessions() as session:
        child = session.query(Instance).filter_by(parent_id=instance).one().id
    world.engine.cancel(instance, "误报", by=world.person("zhao"))
    assert world.instance(child).status == "cancelled"
    assert world.tasks(child) == []


def test_a_correction_changes_the_data_the_title_and_the_record(world: World, voided: list[Any]) -> None:
    instance = world.start("case", DATA)
    world.engine.amend(instance, {"what": "疏散通道堵塞"}, "笔误", by=world.person("zhao"))
    assert voided == [{"what": "疏散通道堵塞"}]
    assert world.task(instance, "act").title == "鑫源纺织：疏散通道堵塞"
    world.complete(instance, "act")
    assert world.data(instance)["what"] == "疏散通道堵塞"


def test_a_failing_correction_leaves_everything_as_it_was(world: World, voided: list[Any]) -> None:
    instance = world.start("case", DATA)
    world.engine.services.tasks.pop("cases.correct")
    with pytest.raises(LookupError):
        world.engine.amend(instance, {"what": "疏散通道堵塞"}, "笔误", by=world.person("zhao"))
    assert world.task(instance, "act").title == "鑫源纺织：安全出口上锁"
    assert "instance.amended" not in world.events(instance)


def test_nothing_can_be_done_with_a_suspended_instance(world: World, voided: list[Any]) -> None:
    instance = world.start("case", DATA)
    world.engine.suspend(instance, "核查", by=world.person("wang"))
    task = world.task(instance, "act")
    for verb in (
        lambda: world.engine.complete(task.id, {}, by=world.person("zhao")),
        lambda: world.engine.claim(task.id, by=world.person("zhao")),
        lambda: world.engine.suspend(instance, "再次", by=world.person("wang")),
    ):
        with pytest.raises(errors.Conflict):
            verb()
    world.engine.resume(instance, by=world.person("wang"))
    world.complete(instance, "act")
    assert world.open_nodes(instance) == ["look"]


def test_a_step_that_means_nobody_waits_for_somebody_instead_of_everybody(world: World) -> None:
    world.deploy(d.package("lost", d.user("act", org="where"), d.end()))
    instance = world.start("lost", {"where": "no such office"})
    (incident,) = world.incidents(instance)
    assert incident.kind == "address"
    task = world.task(instance, "act")
    assert (task.role, task.org_id) == (None, None)
    world.engine.amend(instance, {"where": "应急局"}, "更正单位", by=world.person("zhao"))
    assert world.engine.retry(incident.id, by=world.person("zhao"))
    assert world.task(instance, "act").org_id == org_id("emergency")


def test_notifications_leave_through_the_outbox_once(world: World, voided: list[Any]) -> None:
    instance = world.start("case", DATA)
    world.complete(instance, "act")
    assert world.engine.deliver_outbox() == 2
    assert world.engine.deliver_outbox() == 0
    assert [letter["event"] for letter in world.told] == ["task.created", "task.created"]
    assert len({letter["key"] for letter in world.told}) == 2


def test_a_letter_that_cannot_be_delivered_waits_and_is_tried_again(world: World, voided: list[Any]) -> None:
    calls = []

    def broken(_session: Any, payload: Any, *, key: str, now: Any) -> None:
        calls.append(key)
        if len(calls) == 1:
            raise ConnectionError("no mail today")

    world.engine.handlers["event"] = broken
    world.start("case", DATA)
    assert world.engine.deliver_outbox() == 0
    assert world.engine.deliver_outbox() == 0
    world.advance(hours=1)
    assert len(calls) == 2
    assert calls[0] == calls[1]
