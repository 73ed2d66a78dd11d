"""Playing what was asked for, in a process of its own: a minute of computing is nothing for a thread that answers.

The worker looks every few seconds whether something waits and starts one process at a time; that process plays until
nothing waits. A row says how far it is; whoever cancels changes the row, and the process notices.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from app.config import ROOT, Settings
from app.db import write_transaction
from app.designer.rehearsing import operations, queries
from app.designer.rehearsing.models import DONE, FAILED, RUNNING, WAITING, Rehearsal
from app.engine import (
    Engine,
    RehearsalCancelled,
    RehearsalTookTooLong,
    rehearsal_model,
    rehearse,
)
from app.errors import DubanError

log = logging.getLogger("duban.rehearsals")
SECONDS = 600  # of real time that one may take
STARTS = 3  # times that a process is started for one that waits; after so many failures it has failed
COMMAND = [sys.executable, "-m", "app.cli", "rehearsals", "run"]


@dataclass
class _Starts:
    """How often a process was started for the rehearsal that waits first, and how the last one ended."""

    rehearsal_id: str = ""
    failed: int = 0
    code: int | None = None  # of the exit; None where there was no process at all


_children: list[subprocess.Popen[bytes]] = []
_starts = _Starts()


def attend(app: Flask) -> bool:
    """Bury the dead, and see to it that what waits is played; whether a process was started.

    Where the process ends with an error before it has taken up what waits, it is started again, `STARTS` times in
    all; then the rehearsal has failed, with a reason, and the next one has its turn.
    """
    sessions = app.extensions["duban.sessions"]
    with sessions() as session:
        if not queries.under_way(session):
            return False
        with write_transaction(session):
            operations.bury(session)
        waiting = session.scalar(sa.select(Rehearsal.id).filter_by(status=WAITING).limit(1))
        running = session.scalar(sa.select(Rehearsal.id).filter_by(status=RUNNING).limit(1))
    if waiting is None or running is not None or any(child.poll() is None for child in _children):
        return False
    _count(waiting)
    if _starts.failed >= STARTS:
        _give_up(app)
        return False
    _starts.rehearsal_id = waiting
    return launch(app)


def _count(waiting: str) -> None:
    """What waits although a process was started for it has failed to start, if that process ended with an error."""
    if _starts.rehearsal_id != waiting:
        _starts.rehearsal_id, _starts.failed, _starts.code = "", 0, None
    elif not _children:
        _starts.failed, _starts.code = _starts.failed + 1, None
    elif code := _children[-1].poll():
        _starts.failed, _starts.code = _starts.failed + 1, code


def _give_up(app: Flask) -> None:
    """What cannot be started is over, in words for whoever asked for it."""
    code, times = _starts.code, _starts.failed
    log.error("rehearsal %s not started after %d times, exit code %s", _starts.rehearsal_id, times, code)
    if code is not None and code < 0:
        why = (
            f"被系统终止，信号 {-code}，多半是内存不足",
            f"ended by the system with signal {-code}, probably for lack of memory",
        )
    elif code is not None:
        why = f"退出码 {code}", f"exit code {code}"
    else:
        why = "系统不能再建立进程", "the system has no room for another process"
    values = _failed(
        f"推演程序启动了 {times} 次都没有成功（{why[0]}）。原因在服务器日志里，请维护人员排除后重新推演。",
        f"The rehearsal could not be started, {times} times ({why[1]}). The server's log has the cause: "
        "once that is put right, rehearse again.",
    )
    table = Rehearsal.__table__
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        still = sa.update(table).where(table.c.id == _starts.rehearsal_id, table.c.status == WAITING)
        session.execute(still.values(finished_at=dt.datetime.now(dt.UTC), **values))


def launch(app: Flask) -> bool:
    """`duban rehearsals run` on the same data, which ends when nothing waits; whether there is a process now."""
    settings: Settings = app.extensions["duban.settings"]
    environ = os.environ | {
        "DUBAN_HOME": str(settings.home),
        "DUBAN_DATABASE_URL": settings.database_url,
        "DUBAN_SECRET_KEY": settings.secret_key,
        "DUBAN_TESTING": "1" if settings.testing else "",
        "DUBAN_ENV": "production" if settings.production else "",
    }
    _children[:] = [one for one in _children if one.poll() is None]
    try:
        child = subprocess.Popen(  # noqa: S603 (our own command)
            COMMAND,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        log.exception("no process for rehearsals")
        return False
    _children.append(child)
    threading.Thread(target=child.wait, daemon=True).start()  # so that it leaves no zombie
    return True


def run_waiting(app: Flask) -> int:
    """Play until nothing waits; how many were played."""
    played = 0
    while (rehearsal_id := _claimed(app)) is not None:
        play(app, rehearsal_id)
        played += 1
    return played


def _claimed(app: Flask) -> str | None:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        return operations.claim(session)


def play(app: Flask, rehearsal_id: str) -> None:
    """Play one that is claimed, and store what came of it."""
    sessions, engine = app.extensions["duban.sessions"], app.extensions["duban.engine"]

    def tell(begun: int, over: int, virtual_at: dt.datetime) -> None:
        with sessions() as own, write_transaction(own):
            if not operations.beat(own, rehearsal_id, begun, over, virtual_at):
                raise RehearsalCancelled()

    began = time.monotonic()
    try:
        figures = _figures(engine, sessions, rehearsal_id, tell)
        values = {"status": DONE, "figures": figures, "over": figures["cases"]["started"]}
    except RehearsalCancelled:
        return
    except RehearsalTookTooLong:
        values = _failed(
            f"超过 {SECONDS} 秒没有完成，请减少件数或期间",
            f"Not done after {SECONDS} seconds: fewer cases, or a shorter period",
        )
    except DubanError as refused:
        values = _failed(str(refused.detail), str(refused.detail))
    except Exception as fault:
        log.exception("rehearsal %s", rehearsal_id)
        zh, en = getattr(fault, "zh", None), getattr(fault, "en", None)  # what the parser of diagrams says
        values = _failed(zh or "推演程序出错，已记入日志", en or "The rehearsal failed; the log has the cause")
    _store(sessions, rehearsal_id, values | {"seconds": round(time.monotonic() - began, 1)})


def _figures(
    engine: Engine,
    sessions: sessionmaker[Session],
    rehearsal_id: str,
    tell: Callable[[int, int, dt.datetime], None],
) -> dict[str, Any]:
    with sessions() as session:
        row = queries.find(session, rehearsal_id)
        package, model = queries.package_of(row), rehearsal_model(row.model)
        return rehearse(engine, session, package, model, tell=tell, seconds=SECONDS)


def _failed(zh: str, en: str) -> dict[str, Any]:
    return {"status": FAILED, "reason": {"zh": zh, "en": en}}


def _store(sessions: sessionmaker[Session], rehearsal_id: str, values: dict[str, Any]) -> None:
    """Unless it was cancelled meanwhile."""
    table = Rehearsal.__table__
    with sessions() as session, write_transaction(session):
        session.execute(
            sa.update(table)
            .where(table.c.id == rehearsal_id, table.c.status == RUNNING)
            .values(finished_at=dt.datetime.now(dt.UTC), **values)
        )
