"""An engine as scenarios are given one: the real calendar and forms, no people, no Flask."""

from __future__ import annotations

from app.accounts import AccountsDirectory
from app.calendars import OfficeCalendar, expression_functions
from app.clock import FixedClock
from app.db import make_sessions
from app.engine import Engine
from app.forms import FormFiles
from tests.cast import START
from tests.checking.packages import LANES, services


def engine() -> Engine:
    made = Engine(
        sessions=make_sessions("sqlite://"),
        clock=FixedClock(START),
        functions=expression_functions(),
        directory=AccountsDirectory(),
        calendar=OfficeCalendar(),
        secret=b"test-only-secret",
        lanes=LANES,
    )
    made.services = services()
    made.use_forms(FormFiles())
    return made
