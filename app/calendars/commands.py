"""`duban calendar`: the yearly import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import click
from flask import Flask

from app.audit import SYSTEM
from app.calendars.imports import read_notice
from app.calendars.year import publish_notice


@click.group("calendar")
def calendar() -> None:
    """Work days: import the State Council's notice of a year."""


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--basis",
    default="国务院办公厅节假日安排",
    show_default=True,
    help="Number of the notice.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def import_calendar(file: Path, basis: str, dry_run: bool) -> None:
    """Import a year's holidays and adjusted work days (csv, xlsx, json) and mark the year official. Safe to repeat."""
    notice = read_notice(file.read_bytes(), file.name)
    for error in notice.errors:
        click.echo(str(error), err=True)
    if notice.errors:
        raise click.ClickException("没有导入 / nothing imported")
    if dry_run:
        click.echo(f"{notice.years}: {len(notice.days)} 天 / days")
        return
    build = cast("Callable[[], Flask]", click.get_current_context().find_root().obj)
    with build().app_context():
        outcome = publish_notice(notice, basis=basis, source=file.name, by=SYSTEM)
    changed = ", ".join(str(year) for year in outcome.years) or "无变化 / nothing changed"
    click.echo(f"{changed}；重算期限 / deadlines recomputed: {outcome.recomputed}")
