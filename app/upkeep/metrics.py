"""Figures for Prometheus: what this process did (summed over gunicorn's processes), and what the database holds now."""

from __future__ import annotations

import os
from collections.abc import Iterator

import sqlalchemy as sa
from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from app.engine import Engine, Hold, HumanTask, Incident, Instance, Outbox
from app.upkeep.health import lags, workers

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # set by the server for its processes
_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_own = CollectorRegistry()
REQUESTS = Histogram(
    "duban_request_seconds", "Requests by route", ("method", "endpoint"), buckets=_LATENCY, registry=_own
)
REFUSED = Counter("duban_requests_refused", "Requests answered with 4xx or 5xx", ("status",), registry=_own)
TURNS = Histogram(
    "duban_turn_seconds",
    "Turns of the engine by verb (complete, start, fire …) and outcome: done, refused, lost",
    ("verb", "outcome"),
    buckets=_LATENCY,
    registry=_own,
)


def init_app(app: Flask) -> None:
    engine: Engine = app.extensions["duban.engine"]
    app.extensions["duban.request_observers"].append(_request)
    engine.observers.append(_turn)


def _request(endpoint: str, method: str, status: int, seconds: float) -> None:
    if endpoint != "static":
        REQUESTS.labels(method, endpoint).observe(seconds)
    if status >= 400:
        REFUSED.labels(status).inc()


def _turn(verb: str, outcome: str, seconds: float) -> None:
    TURNS.labels(verb, outcome).observe(seconds)


def text(app: Flask) -> bytes:
    """Everything in Prometheus' text format."""
    shared = os.environ.get(SHARED)
    own = CollectorRegistry() if shared else _own
    if shared:
        multiprocess.MultiProcessCollector(own, path=shared)  # type: ignore[no-untyped-call]
    now = CollectorRegistry()
    with app.extensions["duban.sessions"]() as session:
        now.register(_Now(list(_database(session, app.extensions["duban.engine"]))))
        return generate_latest(own) + generate_latest(now)


class _Now(Collector):
    """Figures of the database, made for one answer; the client's own gauges would be kept for each process."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _database(session: Session, engine: Engine) -> Iterator[Metric]:
    number = sa.func.count()
    crew, lag = workers(session), lags(session, engine.clock.now())
    open_ = sa.select(number).select_from(HumanTask).where(HumanTask.status == "open")
    for name, help_, value in (
        ("duban_tasks_open", "Tasks that wait for a person", session.scalar(open_) or 0),
        ("duban_timers_due", "Timers of running instances that are due", lag["timers"][0]),
        ("duban_timer_lag_seconds", "How long the oldest of them has been due", lag["timers"][1]),
        ("duban_outbox_lag_seconds", "How long the oldest message has been due", lag["outbox"][1]),
        ("duban_held", "1 while timers and outbox are held back", int(session.get(Hold, 1) is not None)),
        ("duban_workers_live", "Workers that have been heard of within a minute", crew.live),
        ("duban_worker_beat_age_seconds", "Since the last heartbeat of any worker", crew.age or 0.0),
        ("duban_worker_busy_seconds", "How long the longest present batch has been running", crew.busy),
    ):
        yield GaugeMetricFamily(name, help_, value=value)
    unsent, unresolved = Outbox.state != "sent", Incident.resolved_at.is_(None)
    for name, help_, label, column, where in (
        ("duban_instances", "Instances by status", "status", Instance.status, sa.true()),
        ("duban_outbox", "Messages not sent yet, or given up", "state", Outbox.state, unsent),
        ("duban_incidents_open", "Incidents that wait for somebody", "kind", Incident.kind, unresolved),
    ):
        family = GaugeMetricFamily(name, help_, labels=[label])
        for word, count in session.execute(sa.select(column, number).where(where).group_by(column)):
            family.add_metric([word], count)
        yield family
