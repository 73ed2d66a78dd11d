"""An order that was given before Duban: the process begins where the ledger left off."""

from __future__ import annotations

from app.audit import SYSTEM
from tests.hazards.walk import Walk, at, subject_id


def test_an_open_row_with_a_last_day_starts_in_the_rectification(city: Walk) -> None:
    hazard = city.register(
        "zhao",
        imported_stage="rectify",
        due_on="2026-04-20",
        external_no="2026-17",
        requirement="拆除门锁",
        found_at="2026-03-30",
        source="import",
    )
    assert (hazard.status, hazard.grade, hazard.external_no) == ("rectifying", "general", "2026-17")
    assert (hazard.due_at, hazard.requirements) == (at("2026-04-20 23:59:59"), ["拆除门锁"])
    task = city.task(hazard)
    assert (task.node_id, task.due_at) == ("rectify", at("2026-04-20 23:59:59"))
    assert city.close(city.review(city.rectify(hazard))).status == "closed"


def test_a_row_without_accounts_waits_for_its_town(city: Walk) -> None:
    hazard = city.register("he", "kiln", imported_stage="rectify", due_on="2026-04-20")
    assert city.task(hazard).node_id == "proxy_rectify"


def test_a_last_day_that_has_passed_is_overdue_at_once(city: Walk) -> None:
    hazard = city.register("zhao", imported_stage="rectify", due_on="2026-04-01")
    assert hazard.overdue(city.clock.now())
    city.until("2026-04-09 14:30")
    assert [e for e, _t, _d in city.events(hazard, "task.overdue")] == ["task.overdue"]


def test_without_a_last_day_it_is_verified_like_any_other(city: Walk) -> None:
    hazard = city.register("zhao", imported_stage="rectify")
    assert city.task(hazard).node_id == "grade"


def test_the_system_may_register_for_any_subject(city: Walk) -> None:
    data = {"subject_id": subject_id("kiln"), "summary": "砖窑无护栏", "legal_basis": None, "location": None}
    started = city.engine.start("hazard_rectification", data, by=SYSTEM)
    assert city.hazard(started.instance_id).location == ""
