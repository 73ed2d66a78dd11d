"""Supervision (督办): slips, feedback, the ladder from a reminder to a leader, instructions."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Wire the slice; its parts are added one by one."""
