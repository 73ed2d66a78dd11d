"""签收, 转办, 抄送 and batches act at once; for a short while a toast offers to take them back: an act of its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import request, url_for
from flask import session as browser

from app import web
from app.inbox.listing import Listing

_KEY, _OFFERED = "inbox.undo", dt.timedelta(seconds=10)


def offer_undo(text: str, verb: str, ids: list[str]) -> None:
    """`verb` is that of the batch which undoes it."""
    _offer(
        text, url_for("inbox.batch", **Listing.of(request.args).args()), [("verb", verb), *(("ids", i) for i in ids)]
    )


def offer_to_withdraw_copies(text: str, task_id: str, user_ids: list[str]) -> None:
    url = url_for("inbox.copies", task_id=task_id, **Listing.of(request.args).args())
    _offer(text, url, [("_method", "DELETE"), *(("user_ids", user_id) for user_id in user_ids)])


def _offer(text: str, url: str, fields: list[tuple[str, str]]) -> None:
    until = web.clock().now() + _OFFERED
    browser[_KEY] = {"text": text, "url": url, "fields": fields, "until": until.isoformat()}


def offered_undo() -> dict[str, Any] | None:
    """What the next page shows once after an act that can be taken back; nothing when it comes too late."""
    offer: dict[str, Any] | None = browser.pop(_KEY, None)
    if offer is None or web.clock().now() > dt.datetime.fromisoformat(offer["until"]):
        return None
    return offer
