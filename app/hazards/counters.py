"""Whether the counter of each year's hazard numbers is where its numbers are: one behind would give a number twice."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Finding
from app.hazards.models import Hazard, HazardNumber


def behind(session: Session) -> Iterator[Finding]:
    counters = {row.year: row.last for row in session.execute(sa.select(HazardNumber.year, HazardNumber.last))}
    given: dict[int, int] = {}
    for number in session.scalars(sa.select(Hazard.number).execution_options(yield_per=1000)):
        year, _dash, count = number.removeprefix("YH-").partition("-")
        if year.isdigit() and count.isdigit():
            given[int(year)] = max(given.get(int(year), 0), int(count))
    for of_year, last in sorted(given.items()):
        counter = counters.get(of_year, 0)
        if counter < last:
            yield Finding("counter.behind", "hazard_number", str(of_year), f"{counter}, but {last} is given")
