"""The engine as everybody outside meets it: one object with all verbs."""

from __future__ import annotations

from app.engine.verbs.instances import InstanceVerbs
from app.engine.verbs.outbox import Deliveries
from app.engine.verbs.reads import Reads
from app.engine.verbs.sweeps import Sweeps
from app.engine.verbs.tasks import TaskVerbs
from app.engine.verbs.verifying import Verifying


class Engine(InstanceVerbs, TaskVerbs, Reads, Deliveries, Sweeps, Verifying):
    """`Engine(sessions, clock, functions, directory, calendar, secret, lanes)`.

    Every verb is a unit of work of its own: it commits before it returns, and raises one of app.errors when it
    refuses. Nothing a diagram contains is ever run as Python.
    """
