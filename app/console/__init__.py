"""Processes, instances, timers, incidents and deliveries for operators and programs; the driven clock of testing."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.console import definitions, instances, messages, operations, views

    for module in (definitions, instances, messages, operations, views):
        module.init_app(app)
