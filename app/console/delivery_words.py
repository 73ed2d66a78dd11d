"""What lists and the API say of a delivery: its states, and of an error only the class."""

from __future__ import annotations

import re

from app.engine import Outbox

STATES = ("failed", "waiting", "discarded", "sent")
_FAULT = re.compile(r"^[A-Za-z_][\w.]{0,79}(?=:)")


def fault_of(row: Outbox) -> str:
    """The class of the error alone: what follows it may quote the message."""
    found = _FAULT.match(row.error or "")
    return found[0] if found else ""
