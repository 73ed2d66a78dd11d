"""What somebody filled in and could not submit stays with them until they sign out, also after a reload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import session as browser

_KEY, _MOST = "inbox.kept", 3


def keep(task_id: str, answers: Mapping[str, Any]) -> None:
    """For the last few tasks on which somebody else was faster."""
    others = {key: value for key, value in (browser.get(_KEY) or {}).items() if key != task_id}
    browser[_KEY] = dict([*others.items(), (task_id, dict(answers))][-_MOST:])


def kept_for(task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (browser.get(_KEY) or {}).get(task_id) or {}
    return found
