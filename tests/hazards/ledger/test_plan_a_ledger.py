"""预检: what would become of each row of a ledger, said before anything is written."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.accounts import User
from app.hazards.ledger.planning import Plan, plan
from tests.cast import member
from tests.hazards.ledger.messy import ROWS, TODAY, Ledger


def planned(session: Session, ledger: Ledger, who: str | None) -> Plan:
    user = session.get(User, member(who).id) if who else None
    return plan(session, ledger.content, user=user, today=TODAY)


@pytest.mark.usefixtures("companies")
def test_every_row_of_a_messy_ledger_becomes_what_it_must(session: Session, ledger: Ledger) -> None:
    rows = {row.number: row for row in planned(session, ledger, "wang").rows}
    assert len(ledger.rows) == ROWS + 2
    wrong = [
        (
            want.number,
            want.kind,
            want.outcome,
            sorted(want.codes),
            got and got.outcome,
            got and [p.code for p in got.problems],
        )
        for want in ledger.rows
        if (got := rows.get(want.number)) is None
        or got.outcome != want.outcome
        or not want.codes <= {p.code for p in got.problems}
    ]
    assert wrong == []
    assert rows.keys() == {row.number for row in ledger.rows}
