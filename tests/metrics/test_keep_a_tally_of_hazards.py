from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import visible
from app.db import write_transaction
from app.hazards import Hazard, tally_differences
from app.hazards.facts import hazard_rows
from app.hazards.tally import HazardTally, rebuild, standing
from app.worker import fold
from tests.cast import org_id
from tests.hazards.walk import Walk, at
from tests.metrics.conftest import person


def test_the_tally_says_what_the_records_say_after_every_kind_of_step(city: Walk, session: Session) -> None:
    assert list(tally_differences(session)) == []
    rows = session.execute(hazard_rows()).all()
    told = standing(session, person(session, "wang"))
    assert sum(row.found for row in told) == len(rows) == 6
    assert sum(row.closed for row in told) == sum(row.status == "closed" for row in rows) == 2
    assert sum(row.on_time for row in told) == sum(bool(row.on_time) for row in rows)
    assert sum(row.found for row in told if row.major) == 1
    assert {row.week for row in told} == {dt.date(2026, 4, 6), dt.date(2026, 4, 13)}


def test_a_campaign_is_told_apart(city: Walk, session: Session) -> None:
    told = standing(session, person(session, "lin"), "c" * 32)
    assert (sum(row.found for row in told), sum(row.closed for row in told)) == (3, 1)


@pytest.mark.parametrize(
    "key", ["lin", "wang", "gao", "zhao", "deng", "ma", "sun", "he", "zhou", "chen", "qin", "root"]
)
def test_everybody_gets_the_figures_of_what_they_may_see(city: Walk, session: Session, key: str) -> None:
    with write_transaction(session):  # one that the housing office supervises in a sector that is not its own
        hazard = session.scalars(sa.select(Hazard).where(Hazard.summary == "下一周")).one()
        hazard.supervising_org_id = org_id("housing")
    user = person(session, key)
    seen = session.scalars(visible(sa.select(Hazard), Hazard, user).where(Hazard.status != "voided")).all()
    told = standing(session, user)
    assert sum(row.found for row in told) == len(seen)
    assert sum(row.closed for row in told) == sum(hazard.status == "closed" for hazard in seen)
    assert {"lin": 6, "deng": 1, "he": 1, "root": 0}.get(key, len(seen)) == len(seen)


def test_folding_changes_no_figure_and_leaves_one_row_a_cell(city: Walk, session: Session) -> None:
    before = standing(session, None)
    assert fold(city.app) > 0
    assert fold(city.app) == 0
    session.rollback()
    assert sorted(map(str, standing(session, None))) == sorted(map(str, before))
    assert list(tally_differences(session)) == []


def test_what_is_written_past_the_program_is_named_and_counted_anew(city: Walk, session: Session) -> None:
    with write_transaction(session):
        hazard = session.scalars(sa.select(Hazard).where(Hazard.status == "registered")).first()
        assert hazard is not None
        session.execute(sa.update(Hazard).where(Hazard.id == hazard.id).values(found_at=at("2026-03-03 10:00")))
    assert {finding.kind for finding in tally_differences(session)} == {"tally.differs"}
    session.rollback()
    with write_transaction(session):
        rebuild(session)
    assert list(tally_differences(session)) == []
    assert session.scalar(sa.select(sa.func.count()).where(HazardTally.week == dt.date(2026, 3, 2))) == 1
