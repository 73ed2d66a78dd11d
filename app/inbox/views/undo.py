"""签收 and batches act at once; for a short while the list offers to take them back, which is an act of its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import session as browser

from app import web

_KEY, _OFFERED = "inbox.undo", dt.timedelta(seconds=10)


def offer_undo(text: str, ids: list[str]) -> None:
    until = web.clock().now() + _OFFERED
    browser[_KEY] = {"text": text, "ids": ids, "until": until.isoformat()}


def offered_undo() -> dict[str, Any] | None:
    """What the list shows once after an act that can be taken back; nothing when it comes too late."""
    offer: dict[str, Any] | None = browser.pop(_KEY, None)
    if offer is None or web.clock().now() > dt.datetime.fromisoformat(offer["until"]):
        return None
    return offer
