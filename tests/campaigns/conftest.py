from __future__ import annotations

import pytest
from flask import Flask

from app.clock import FixedClock
from tests.campaigns.walk import Walk


@pytest.fixture(scope="module")
def city(app: Flask, clock: FixedClock) -> Walk:
    """The cast's city; one for all tests of a module."""
    return Walk(app, clock)
