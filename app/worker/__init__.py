"""The only list of schedules. One ticking job claims rows; there is never a job per timer."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from dataclasses import dataclass

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from app import files, hazards, notifications, web
from app.db import write_transaction
from app.designer import rehearsing
from app.web.sessions import sweep as sweep_sessions
from app.worker.beats import BEAT, Beats

log = logging.getLogger("duban.worker")
TICK = 2  # seconds between two looks for due timers and waiting outbox rows
TIMERS, LETTERS = 200, 500  # at most in one batch
BACKLOG = 100  # rows in one batch after which there are probably more


def tick(app: Flask) -> int:
    """One batch: fire what is due, retry what may be, send what waits, move what is to; the number of rows done."""
    with app.app_context():
        engine = web.engine()
        swept = engine.sweep_timers(limit=TIMERS)
        # Deadlines before letters: while many timers are late, fewer letters leave in between.
        letters = LETTERS if swept.rows < TIMERS else LETTERS // 25
        timers = swept.rows if swept.fired else 0  # what could not be fired now is no reason to begin again at once
        done = timers + engine.retry_due(limit=50) + engine.deliver_outbox(limit=letters)
        # After everything else, and only a little: whoever is at work comes first.
        return done + engine.run_migrations()


def sweep(app: Flask) -> None:
    """Once an hour: sessions past their time, uploads and messages that nobody came for, keys of repeated requests.

    And the states before a migration that nobody can go back to.
    """
    with (
        app.app_context(),
        app.extensions["duban.sessions"]() as session,
        write_transaction(session),
    ):
        sweep_sessions(session)
        files.sweep(session, older_than=dt.timedelta(days=1))
        web.sweep_idempotency(session)
        web.engine().forget_messages(session)
        web.engine().forget_migrated(session)


def watch(app: Flask) -> int:
    """Every five minutes: instances that nothing will ever move become incidents; how many were new."""
    with app.app_context():
        return web.engine().watch()


def rehearse(app: Flask) -> bool:
    """Every few seconds: a rehearsal that waits gets a process of its own; whether one was started."""
    with app.app_context():
        return rehearsing.attend(app)


def fold(app: Flask) -> int:
    """Every five minutes: what hazards added to their tally is added up; how many cells that were."""
    folded = 0
    with app.app_context(), app.extensions["duban.sessions"]() as session:
        while True:
            with write_transaction(session, alone=True):
                done = hazards.fold(session)
            folded += done
            if not done:
                return folded


def lapse(app: Flask) -> int:
    """Every minute: messages that ask for a task that is over count as read; how many those were."""
    lapsed = 0
    with app.app_context(), app.extensions["duban.sessions"]() as session:
        while True:
            with write_transaction(session, alone=True):
                done = notifications.lapse(session, web.clock().now())
            lapsed += done
            if not done:
                return lapsed


@dataclass(frozen=True)
class Working:
    """The schedules of this process while they run."""

    scheduler: BackgroundScheduler
    beats: Beats
    stopping: threading.Event

    def shutdown(self) -> None:
        """Let the present batch end, then say that this worker has stopped."""
        self.stopping.set()
        self.scheduler.shutdown(wait=True)
        self.beats.write(stopped=True)


def start(app: Flask) -> Working:
    """Run the schedules in this process, beside the web or alone."""
    beats, stopping = Beats(app), threading.Event()
    beats.open()
    scheduler = BackgroundScheduler(timezone="Asia/Shanghai", job_defaults={"coalesce": True, "max_instances": 1})
    scheduler.add_job(work, "interval", seconds=TICK, args=[app, beats, stopping], id="tick")
    scheduler.add_job(beats.write, "interval", seconds=BEAT, id="beat")
    scheduler.add_job(rehearse, "interval", seconds=3, args=[app], id="rehearse")
    scheduler.add_job(watch, "interval", minutes=5, args=[app], id="watch")
    scheduler.add_job(fold, "interval", minutes=5, args=[app], id="fold")
    scheduler.add_job(lapse, "interval", minutes=1, args=[app], id="lapse")
    scheduler.add_job(sweep, "interval", hours=1, args=[app], id="sweep")
    scheduler.start()
    return Working(scheduler, beats, stopping)


def work(app: Flask, beats: Beats, stopping: threading.Event) -> None:
    """Batch after batch while there is a backlog: after an outage thousands of rows are due, not some dozens a tick."""
    while _batch(app, beats) >= BACKLOG and not stopping.is_set():
        pass


def _batch(app: Flask, beats: Beats) -> int:
    done = 0
    beats.begin()
    try:
        done = tick(app)
        if done:
            log.info("batch", extra={"done": done, "seconds": round(beats.busy_for(), 3)})
        return done
    finally:
        beats.end(done)
