"""`duban verify`, `backup`, `restore`, `outbox`: what whoever keeps the installation does to it."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any, cast

import click
import sqlalchemy as sa
from flask import Flask

from app.audit import SYSTEM
from app.config import load_settings
from app.db import make_sessions
from app.engine import Engine, Outbox
from app.upkeep.archive import Refused
from app.upkeep.backup import backup
from app.upkeep.health import Health, examine, lags, workers
from app.upkeep.restore import restore
from app.upkeep.verification import findings


def _application(**options: Any) -> Flask:
    return cast("Flask", click.get_current_context().find_root().obj(**options))


def _report(app: Flask, *, as_json: bool, with_files: bool) -> int:
    """Say what was found as it is found; how many of it nobody knew of."""
    unknown = known = 0
    try:
        for finding in findings(app, with_files=with_files):
            known, unknown = known + finding.known, unknown + (not finding.known)
            text = json.dumps(finding.as_dict(), ensure_ascii=False) if as_json else finding.as_text()
            click.echo(text, err=not as_json)
    except RuntimeError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    if not as_json:
        if unknown:
            click.echo(f"✗ {unknown} 处不一致 / mismatches", err=True)
        else:
            click.echo("✓ 哈希链、办理状态、附件、编号均一致 / chains, states, files and counters hold")
        if known:
            click.echo(f"  {known} 处已有异常记录 / have an incident already")
    return unknown


@click.command("verify")
@click.option("--json", "as_json", is_flag=True, help="One finding a line, as JSON.")
@click.option("--files/--no-files", "with_files", default=True, help="Also read every attachment.")
def verify_command(as_json: bool, with_files: bool) -> None:
    """Compare chains, sealed states, tasks, timers, files and counters; names every mismatch. Changes nothing."""
    sys.exit(1 if _report(_application(migrate=False), as_json=as_json, with_files=with_files) else 0)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup_command(file: Path) -> None:
    """Write all rows and attachments of one moment to FILE (tar.gz). People go on working meanwhile."""
    settings = load_settings()
    try:
        made = backup(settings, file)
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"✓ {file}: {made.rows} 行 / rows, {made.files} 个文件 / files, {file.stat().st_size >> 10} KB")
    for name in made.missing:
        click.echo(f"  缺少附件 / attachment missing: {name}", err=True)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is there.")
def restore_command(file: Path, force: bool) -> None:
    """Put the installation back as FILE has it; everything or nothing. Timers and outbox stay held until released."""
    settings = load_settings()
    try:
        manifest = restore(settings, file, force=force, say=click.echo)
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    rows = sum(manifest["rows"].values())
    click.echo(f"✓ 已恢复 / restored: {rows} 行 / rows, {manifest['made_at'][:19]} UTC")
    unknown = _report(_application(migrate=False), as_json=False, with_files=True)
    click.echo(
        "提醒、定时、通知已暂停，核对后请执行 / timers and outbox are held; when all is well: duban outbox release"
    )
    sys.exit(1 if unknown else 0)


@click.command("health")
@click.option("--worker", "of_worker", is_flag=True, help="Only whether a worker on this host is heard of.")
def health_command(of_worker: bool) -> None:
    """The same as /healthz, for where there is no web server; exit code 1 when something has failed."""
    if of_worker:
        found = _worker_here()
    else:
        app = _application(migrate=False)
        with app.app_context():
            found = examine(app)
    for name, value in found.figures.items():
        click.echo(f"{name}: {value}")
    for problem in found.problems:
        click.echo(f"✗ {problem}", err=True)
    click.echo(found.status)
    sys.exit(1 if found.status == "failed" else 0)


def _worker_here() -> Health:
    """Without building the application: a container asks this every minute."""
    sessions = make_sessions(load_settings().database_url)
    found = Health()
    try:
        with sessions() as session:
            if not workers(session, host=socket.gethostname()).live:
                found.fail("no worker on this host has been heard of for a minute")
    except sa.exc.SQLAlchemyError as lost:
        found.fail(f"no database: {type(lost).__name__}")
    finally:
        sessions.kw["bind"].dispose()
    return found


@click.group("outbox")
def outbox() -> None:
    """What happens by itself: see what waits, hold it back, let it go."""


@outbox.command("status")
def outbox_status() -> None:
    """What waits in the outbox, timers that are due, and whether they are held."""
    app = _application()
    engine = _engine(app)
    now = engine.clock.now()
    waiting = sa.select(Outbox.state, sa.func.count()).where(Outbox.state != "sent").group_by(Outbox.state)
    with engine.sessions() as session:
        held = engine.held(session)
        for state, count in session.execute(waiting.order_by(Outbox.state)):
            click.echo(f"{state}: {count}")
        click.echo(f"到期未触发 / timers due: {lags(session, now)['timers'][0]}")
    if held:
        click.echo(f"已暂停 / held since {held.since:%Y-%m-%d %H:%M} UTC: {held.reason}")


@outbox.command("hold")
@click.argument("reason")
def outbox_hold(reason: str) -> None:
    """Stop timers, automatic retries and the outbox, for instance before a change of the machine."""
    from app.db import write_transaction

    engine = _engine(_application())
    with engine.sessions() as session, write_transaction(session, alone=True):
        engine.hold(session, reason, by=SYSTEM)
    click.echo("已暂停 / held")


@outbox.command("release")
def outbox_release() -> None:
    """Let timers, retries and the outbox go on; what is due by now happens at once."""
    released = _engine(_application()).release(by=SYSTEM)
    click.echo("已放行 / released" if released else "没有暂停 / nothing was held")


def _engine(app: Flask) -> Engine:
    return cast("Engine", app.extensions["duban.engine"])
