"""A task that somebody passed on (转办, 委派), and when they may take it back."""

from __future__ import annotations

from typing import Any

NOT_PASSED: dict[str, Any] = {
    "passed_by_id": None,
    "passed_from_id": None,
    "delegated_by_id": None,
    "delegated_by_name": "",
}


def is_touched(task: Any) -> bool:
    """Whether whoever holds the task now has begun to fill it in."""
    return task.draft_by_id is not None and task.draft_by_id == task.assignee_id


def may_take_back(task: Any, user_id: str) -> bool:
    """Who delegated, at any time; who passed it on for good, while the new holder has not begun. `task` is open."""
    if task.assignee_id is None or task.assignee_id == user_id:
        return False
    if task.delegated_by_id is not None:
        return bool(task.delegated_by_id == user_id)
    return task.passed_by_id == user_id and not is_touched(task)
