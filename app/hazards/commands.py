"""`duban hazards …`: a ledger from Excel into the register."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import click
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import User
from app.audit import SYSTEM, Actor
from app.clock import local
from app.db import write_transaction
from app.errors import Busy, DubanError, Invalid
from app.hazards.ledger import HazardImport, applying, queries
from app.hazards.ledger.planning import Plan, plan
from app.hazards.ledger.problems import in_both
from app.hazards.ledger.reports import bad_rows_file
from app.hazards.ledger.roster import EDITORS

_PAUSE, _PATIENCE = 3.0, 30  # seconds between tries, and how many


@click.group()
def hazards() -> None:
    """Hazards: import of existing ledgers."""


@hazards.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would become of each row; nothing is written.")
@click.option("--as", "username", help="Import as this person, within what they may see.  [default: the system]")
@click.option(
    "--problems",
    "problems_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the bad rows with their reasons to this xlsx file.",
)
def import_ledger(file: Path, dry_run: bool, username: str | None, problems_file: Path | None) -> None:
    """Take a hazard ledger (xlsx): good rows in, bad rows named. Safe to repeat; an interrupted import goes on."""
    build = cast("Callable[[], Flask]", click.get_current_context().find_root().obj)
    app = build()
    with app.app_context():
        try:
            _import(app, file, dry_run, username, problems_file)
        except Invalid as wrong:
            texts = [str(text) for messages in wrong.errors.values() for text in messages]
            raise click.ClickException("；".join(texts) or str(wrong.detail)) from wrong
        except DubanError as wrong:
            raise click.ClickException(str(wrong.detail)) from wrong


def _import(app: Flask, file: Path, dry_run: bool, username: str | None, problems_file: Path | None) -> None:
    sessions, clock = app.extensions["duban.sessions"], app.extensions["duban.clock"]
    content = file.read_bytes()
    with sessions() as session:
        user = _person(session, username)
        by = user.actor() if user else SYSTEM
        found = plan(session, content, user=user, today=local(clock.now()).date())
    _report(found)
    if dry_run:
        return
    with sessions() as session, write_transaction(session, alone=True):
        sha256, now = hashlib.sha256(content).hexdigest(), clock.now()
        import_id = applying.keep(session, found, file_name=file.name, sha256=sha256, user=user, by=by, now=now)
        applying.confirm(session, session.get_one(HazardImport, import_id), by=by, now=now)
    around = applying.Surroundings(sessions, app.extensions["duban.engine"], clock)
    _work(around, import_id, by)
    _outcome(sessions(), import_id, problems_file)


def _work(around: applying.Surroundings, import_id: str, by: Actor) -> None:
    """Register all rows. A row that an import which was killed had just begun is free again after a minute."""
    for wait in [_PAUSE] * _PATIENCE + [0]:
        try:
            applying.work(around, import_id, by=by)
            return
        except Busy:
            if not wait:
                raise
            time.sleep(wait)


def _person(session: Session, username: str | None) -> User | None:
    from app.accounts.security.attempts import find_user

    if username is None:
        return None
    user = find_user(session, username)
    if user is None:
        raise click.ClickException(f"没有用户 / no such user: {username}")
    if not user.active or not user.has(*EDITORS):
        raise click.ClickException(f"这个用户不能登记隐患 / may not register hazards: {username}")
    return user


def _report(found: Plan) -> None:
    """Every bad row by number, heading and reason, in both languages; then how many of each kind."""
    for row in found.rows:
        errors = [problem for problem in row.problems if problem.is_error]
        if row.outcome == "error":
            click.echo(in_both(row.number, errors, row.sheet if found.several_sheets else ""), err=True)
    counts = found.counts
    click.echo(
        f"待登记 / new {counts['new']}　以前已导入 / already imported {counts['known']}　"
        f"有误 / errors {counts['error']}　不登记 / left out {counts['skipped']}"
    )


def _outcome(session: Session, import_id: str, problems_file: Path | None) -> None:
    with session:
        for row in session.scalars(queries.rows(import_id, "error")):
            refused = [problem for problem in row.problems if problem.code == "refused"]
            if refused:
                click.echo(in_both(row.number, refused), err=True)
        counts = queries.counts(session, import_id)
        if problems_file is not None:
            kept = session.get_one(HazardImport, import_id)
            problems_file.write_bytes(bad_rows_file(session, kept))
    click.echo(
        f"已登记 / imported {counts.get('imported', 0)}　以前已导入 / already imported {counts.get('known', 0)}　"
        f"有误 / errors {counts.get('error', 0)}　不登记 / left out {counts.get('skipped', 0)}"
    )
