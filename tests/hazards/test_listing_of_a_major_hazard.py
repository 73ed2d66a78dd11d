"""Listed supervision beside the hazard's own process: nothing is closed before it is delisted."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.db import write_transaction
from app.engine import Child, HumanTask, Instance, TaskCheck
from app.errors import Forbidden, Invalid
from app.hazards.listing import task_checks
from tests.hazards.listing_walk import PLAN, Listing, listed
from tests.hazards.walk import Walk, at


def _to_review(city: Walk, listing: Listing, due_on: str = "2026-09-30") -> None:
    """The hazard's own steps up to a re-inspection that passes."""
    hazard = city.order(city.again(listing.hazard), due_on=due_on)
    listing.hazard = city.review(city.rectify(city.receive(hazard)))
    city.engine.deliver_all()


def test_a_major_hazard_is_reported_and_listed_beside_its_order(city: Walk) -> None:
    listing = listed(city)
    row = listing.row
    assert (row.number, row.status, set(listing.tasks)) == ("GP-2026-0001", "reported", {"verify"})
    assert city.task(listing.hazard).node_id == "order"
    listing.verify()
    assert listing.tasks["plan"].org_id == row.responsible_org_id
    assert listing.plan().status == "approving"
    row = listing.approve()
    assert (row.status, row.orderer_name, row.plan["plan_safety"]) == ("listed", "林海峰", PLAN["plan_safety"])
    assert row.plan["plan_funds_yuan"] == 200000
    assert set(listing.tasks) == {"file", "publicise"}
    row = listing.tell_the_public()
    assert (row.filed_to, row.media) == ("上级安委办", "望海日报")


def test_it_is_closed_only_after_acceptance_and_delisting(city: Walk) -> None:
    listing = listed(city)
    listing.list()
    _to_review(city, listing)
    assert listing.hazard.status == "verified"
    assert listing.row.status == "accepting"
    with city.sessions() as session:
        waiting = session.get_one(Instance, listing.hazard.instance_id)
        assert waiting.status == "running"
    with pytest.raises(Exception, match="No row was found"):
        city.task(listing.hazard)  # nothing to close yet
    assert listing.accept().status == "auditing"
    assert listing.delist().status == "delisted"
    assert city.task(listing.hazard).node_id == "close"
    city.close(listing.hazard)
    city.do(listing.hazard, "confirm", "wang", confirmed="agree", confirm_opinion="同意")
    assert city.again(listing.hazard).status == "closed"
    with pytest.raises(Invalid, match="备案"):
        listing.do("publicise_delisting", "wang", delist_media="望海日报")
    listing.tell_the_public()
    assert listing.do("publicise_delisting", "wang", delist_media="望海日报").delist_publicised_at is not None
    assert listing.tasks == {}


def test_a_failed_acceptance_is_rectified_once_more(city: Walk) -> None:
    listing = listed(city)
    listing.list()
    _to_review(city, listing)
    row = listing.accept(acceptance_result="failed", accepted_new_due_on="2026-07-31")
    assert (row.status, row.failures, row.due_at) == ("listed", 1, at("2026-07-31 23:59:59"))
    hazard = city.again(listing.hazard)
    assert (hazard.status, hazard.round, hazard.due_at) == ("rectifying", 2, at("2026-07-31 23:59:59"))
    assert city.task(hazard).node_id == "rectify"
    listing.hazard = city.review(city.rectify(hazard))
    city.engine.deliver_all()
    listing.accept()
    listing.delist()
    assert city.task(listing.hazard).node_id == "close"


def test_what_the_office_does_not_list_closes_as_before(city: Walk) -> None:
    listing = listed(city)
    assert listing.verify(verified="decline", verify_opinion="不符合判定标准").status == "declined"
    _to_review(city, listing)
    assert city.task(listing.hazard).node_id == "close"


def test_declining_while_the_hazard_waits_lets_it_go_on(city: Walk) -> None:
    listing = listed(city)
    _to_review(city, listing)
    assert listing.row.status == "reported"
    listing.verify(verified="decline", verify_opinion="不符合判定标准")
    assert city.task(listing.hazard).node_id == "close"


def test_duties_are_separated(city: Walk) -> None:
    listing = listed(city)
    for key in ("zhao", "zhou", "lin"):
        with pytest.raises(Forbidden):
            listing.do("verify", key, verified="decline", verify_opinion="不符合")
    listing.list(stopped=True)
    _to_review(city, listing)
    with pytest.raises(Invalid, match="恢复生产"):
        listing.accept()
    with pytest.raises(Invalid, match="不少于 2 名"):
        listing.accept(experts=[{"name": "秦川", "organisation": "甲"}, {"name": "秦川", "organisation": "乙"}])
    with pytest.raises(Forbidden):
        listing.accept("zhou")
    listing.accept(resumption_agreed=True)
    with pytest.raises(Forbidden):
        listing.do("audit", "zhao", audit_verdict="agree", audit_opinion="同意")


def test_whoever_graded_does_not_verify(city: Walk) -> None:
    """The office's own people may grade for a department; then a colleague verifies."""
    listing = listed(city)
    with city.sessions() as session:
        graded = session.scalars(
            sa.select(HumanTask).where(
                HumanTask.instance_id == listing.hazard.instance_id, HumanTask.node_id == "grade"
            )
        ).one()
    check = TaskCheck(
        city.sessions(), city.clock.now(), city.actor("zhao"), listing.row.instance_id, "", "verify", {},
        {"hazard_id": listing.hazard.id},
    )  # fmt: skip
    assert graded.completed_by_id == city.actor("zhao").id
    assert task_checks.verifier(check) == {"_": ["定级人不能复核自己的定级，应由他人办理"]}
    assert listing.verify().verified_by_name == "王建国"


@pytest.mark.parametrize("day", ["2026-04-08", "2027-04-10"])
def test_the_treatment_ends_within_a_year(city: Walk, day: str) -> None:
    listing = listed(city)
    listing.verify()
    listing.plan()
    with pytest.raises(Invalid):
        listing.approve(day)
    assert listing.approve("2027-04-09").due_at == at("2027-04-09 23:59:59")


def test_monthly_reports_are_asked_for_until_it_is_rectified(city: Walk) -> None:
    listing = listed(city)
    listing.list()
    city.until("2026-05-09 15:00")
    task = listing.tasks["progress"]
    listing.do("progress", "zhou", percent=40, progress_text="设备到货")
    city.until("2026-06-09 15:00")
    listing.do("progress", "wu", percent=90, progress_text="调试")
    assert task.due_at == at("2026-05-15 17:30")
    assert [(p.percent, p.by_name) for p in listing.progress()] == [(40, "周敏"), (90, "吴涛")]


def test_voiding_the_hazard_ends_its_listing(city: Walk) -> None:
    listing = listed(city)
    listing.list()
    city.engine.cancel(listing.hazard.instance_id, "误报", by=city.actor("wang"))
    city.engine.deliver_all()
    assert listing.row.status == "withdrawn"
    assert listing.tasks == {}


def test_an_extension_of_the_hazard_moves_the_listing(city: Walk) -> None:
    listing = listed(city)
    listing.list("2026-06-30")
    hazard = city.receive(city.order(city.again(listing.hazard), due_on="2026-06-30"))
    city.engine.extend(city.task(hazard).id, at("2026-08-31 23:59:59"), "获批", by=city.actor("zhao"))
    row = listing.row
    assert (row.due_at, row.original_due_at) == (at("2026-08-31 23:59:59"), at("2026-06-30 23:59:59"))


def test_nothing_is_closed_before_its_listing_has_begun(city: Walk) -> None:
    """The listing begins after the grading's commit: while the letters wait, the hazard waits for it too."""
    hazard = city.order(city.grade(city.register(), grade="major", rectify_mode="limited"), due_on="2026-09-30")
    city.review(city.rectify(city.receive(hazard)))
    with city.sessions() as session:
        open_ones = sa.select(HumanTask.node_id).where(
            HumanTask.instance_id == hazard.instance_id, HumanTask.status == "open"
        )
        assert list(session.scalars(open_ones)) == []
    city.engine.deliver_all()
    city.until("2026-04-10 09:00")
    assert Listing(city, hazard).row.is_open
    with city.sessions() as session:
        assert list(session.scalars(open_ones)) == []


def test_the_listing_sets_the_last_day_of_what_was_ordered_before(city: Walk) -> None:
    """The period that the listing sets governs: the running step gets it, nobody may set another day."""
    listing = listed(city)
    hazard = city.receive(city.order(city.again(listing.hazard), due_on="2026-06-30"))
    listing.verify()
    listing.plan()
    with pytest.raises(Invalid, match="不能早于已下达的整改期限"):
        listing.approve("2026-05-31")
    row = listing.approve("2026-09-30")
    hazard = city.again(hazard)
    assert (row.due_at, hazard.due_at) == (at("2026-09-30 23:59:59"), at("2026-09-30 23:59:59"))
    assert city.task(hazard).due_at == row.due_at
    assert (hazard.original_due_at, hazard.extensions) == (at("2026-06-30 23:59:59"), 0)
    hazard = city.rectify(hazard)
    with pytest.raises(Invalid, match="以治理期限为准"):
        city.failed(hazard, "2026-08-31")
    assert city.failed(hazard, "2026-09-30").due_at == row.due_at


def test_an_order_before_its_receipt_and_one_after_the_listing_have_its_last_day(city: Walk) -> None:
    listing = listed(city)
    hazard = city.order(city.again(listing.hazard), due_on="2026-06-30")
    listing.list("2026-09-30")
    hazard = city.receive(hazard)
    assert hazard.due_at == city.task(hazard).due_at == at("2026-09-30 23:59:59")
    later = listed(city)
    later.list("2026-09-30")
    with pytest.raises(Invalid, match="以治理期限为准"):
        city.order(city.again(later.hazard), due_on="2026-06-30")
    assert city.order(city.again(later.hazard), due_on="2026-09-30").due_at == later.row.due_at


@pytest.mark.parametrize("state", ["failed", "running"])
def test_nothing_is_closed_where_its_listing_could_not_be_begun(city: Walk, state: str) -> None:
    """That it failed to begin, or stopped at its first step, is for the operators to see to; it was asked for."""
    hazard = city.order(city.grade(city.register(), grade="major", rectify_mode="limited"), due_on="2026-09-30")
    with city.sessions() as session, write_transaction(session):
        session.execute(sa.update(Child).where(Child.parent_id == hazard.instance_id).values(state=state))
    city.review(city.rectify(city.receive(hazard)))
    city.engine.deliver_all()
    with city.sessions() as session:
        open_ones = sa.select(HumanTask.node_id).where(
            HumanTask.instance_id == hazard.instance_id, HumanTask.status == "open"
        )
        assert list(session.scalars(open_ones)) == []
