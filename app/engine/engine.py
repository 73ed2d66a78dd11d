"""The engine as everybody outside meets it: one object with all verbs."""

from __future__ import annotations

from app.engine.instance_verbs import InstanceVerbs
from app.engine.outbox import Deliveries
from app.engine.reading import Reads
from app.engine.sweeps import Sweeps
from app.engine.task_verbs import TaskVerbs


class Engine(InstanceVerbs, TaskVerbs, Reads, Deliveries, Sweeps):
    """`Engine(sessions, clock, functions, directory, calendar, secret, lanes)`.

    Every verb is a unit of work of its own: it commits before it returns, and raises one of app.errors when it
    refuses. Nothing a diagram contains is ever run as Python.
    """
