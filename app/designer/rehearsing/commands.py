"""`duban rehearsals …`: playing what was asked for."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from typing import cast

import click
from flask import Flask

MEMORY = 3 * 1024**3


@click.group()
def rehearsals() -> None:
    """Rehearsals: play those that wait."""


@rehearsals.command("run")
def run() -> None:
    """Play every rehearsal that waits, one after the other, then end. The worker starts this by itself."""
    from app.designer.rehearsing.jobs import run_waiting

    os.nice(5)  # people first
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    build = cast("Callable[..., Flask]", click.get_current_context().find_root().obj)
    app = build(migrate=False)  # whoever started this has seen to the schema
    with app.app_context():
        click.echo(f"{run_waiting(app)} played")
