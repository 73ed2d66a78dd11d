"""销号: the hard conditions, each refused in words; the department's step, the committee office's for major ones."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.db import write_transaction
from app.errors import Conflict, Forbidden, Invalid
from app.hazards import Hazard, HazardRound
from tests.cast import member, org_id
from tests.hazards.listing_walk import listed
from tests.hazards.walk import Walk


def _change(city: Walk, hazard: Hazard, **values: Any) -> None:
    """As if the record had come about otherwise: an import, a migration, an earlier version of the steps."""
    with city.sessions() as session, write_transaction(session):
        session.execute(sa.update(HazardRound).where(HazardRound.hazard_id == hazard.id).values(**values))


def test_the_department_closes_out_what_passed(city: Walk) -> None:
    hazard = city.closed()
    assert (hazard.status, hazard.closed_at, hazard.closed_by_name) == ("closed", city.clock.now(), "赵明远")
    assert [d for _e, _t, d in city.events(hazard, "hazards.closed")] == [{"number": hazard.number}]
    assert city.events(hazard, "instance.ended")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"photos_after": []}, "没有整改后的照片，不能销号"),
        ({"result": "failed"}, "最近一轮复查没有合格，不能销号"),
        ({"opinion": "  "}, "没有签署的复查意见，不能销号"),
        ({"served": ""}, "复查意见没有送达签收，也没有注明拒签"),
        ({"reviewed_by_id": member("zhou").id}, "复查人就是提交整改的人，应由他人重新复查"),
        ({"reviewed_org_id": org_id("xinyuan")}, "复查人属于责任单位，应由监管部门重新复查"),
        ({"inspectors": [member("zhao").id]}, "复查人员不足 2 名，应重新复查"),
    ],
)
def test_each_condition_that_is_not_met_is_refused_in_words(city: Walk, values: dict[str, Any], said: str) -> None:
    hazard = city.review(city.to_review(city.register()))
    _change(city, hazard, **values)
    with pytest.raises(Invalid) as refused:
        city.close(hazard)
    assert refused.value.errors == {"_": [said]}
    assert city.again(hazard).status == "verified"


def test_several_conditions_are_named_at_once(city: Walk) -> None:
    hazard = city.review(city.to_review(city.register()))
    _change(city, hazard, photos_after=[], opinion="", served="")
    with pytest.raises(Invalid) as refused:
        city.close(hazard)
    assert len(refused.value.errors["_"]) == 3


def test_others_may_not_close_out_and_nobody_twice(city: Walk) -> None:
    hazard = city.review(city.to_review(city.register()))
    task = city.task(hazard)
    for key in ("zhou", "sun", "deng", "wang"):
        with pytest.raises(Forbidden):
            city.close(hazard, key)
    city.close(hazard)
    with pytest.raises(Conflict):
        city.engine.complete(task.id, {"close_opinion": "再次"}, by=city.actor("zhao"))


def test_a_major_hazard_is_closed_only_when_the_committee_office_agrees(city: Walk) -> None:
    listing = listed(city)
    listing.list()
    ordered = city.order(city.again(listing.hazard), due_on="2026-09-30")  # as the listing says
    hazard = city.review(city.rectify(city.receive(ordered)))
    city.engine.deliver_all()
    listing.accept()
    listing.delist()
    hazard = city.close(hazard)
    assert (hazard.status, city.task(hazard).node_id) == ("verified", "confirm")
    with pytest.raises(Forbidden):
        city.do(hazard, "confirm", "zhao", confirmed="agree", confirm_opinion="同意")

    hazard = city.do(hazard, "confirm", "wang", confirmed="return", confirm_opinion="补拍现场照片")
    assert (hazard.status, city.task(hazard).node_id) == ("reviewing", "review")
    hazard = city.close(city.review(hazard))
    hazard = city.do(hazard, "confirm", "wang", confirmed="agree", confirm_opinion="同意销号")
    assert (hazard.status, hazard.closed_by_name) == ("closed", "赵明远")
