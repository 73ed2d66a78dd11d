from __future__ import annotations

import pytest

from app.clock import FixedClock
from tests.hazards.walk import Walk, at
from tests.metrics.conftest import city, the_clock_starts_anew

__all__ = ["city", "the_clock_starts_anew"]


@pytest.fixture(autouse=True)
def later(city: Walk, clock: FixedClock, the_clock_starts_anew: None) -> None:
    """Weeks after what was found."""
    clock.set(at("2026-05-20 10:00"))
