"""Processes and instances for administrators, operators and programs; the driven clock of testing mode."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.console import definitions, instances, operations

    for module in (definitions, instances, operations):
        module.init_app(app)
