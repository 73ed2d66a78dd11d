from __future__ import annotations

import pytest
from flask import Flask

from app.clock import FixedClock
from app.db import write_transaction
from tests.cast import START
from tests.consultations.walk import Walk, people_the_pool


@pytest.fixture(scope="module")
def city(app: Flask, clock: FixedClock) -> Walk:
    """The cast's city with an expert pool; one for all tests of a module."""
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_pool(session, clock.now())
    return Walk(app, clock)


@pytest.fixture(autouse=True)
def the_clock_starts_anew(clock: FixedClock) -> None:
    clock.set(START)
