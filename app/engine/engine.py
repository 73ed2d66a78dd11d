"""The engine as everybody outside meets it: one object with all verbs."""

from __future__ import annotations

from app.engine.verbs.children import ChildVerbs
from app.engine.verbs.clocks import ClockVerbs
from app.engine.verbs.effects import Effects
from app.engine.verbs.going_back import GoingBack
from app.engine.verbs.messages import MessageVerbs
from app.engine.verbs.migrations import MigrationVerbs
from app.engine.verbs.moving import Moving
from app.engine.verbs.outbox import Deliveries
from app.engine.verbs.passing_on import PassingOn
from app.engine.verbs.reads import Reads
from app.engine.verbs.signing import SigningVerbs
from app.engine.verbs.standing import StandingReads
from app.engine.verbs.sweeps import Sweeps
from app.engine.verbs.verifying import Verifying
from app.engine.verbs.watchdog import Watchdog


class Engine(
    ClockVerbs,
    GoingBack,
    Effects,
    ChildVerbs,
    MessageVerbs,
    MigrationVerbs,
    Moving,
    PassingOn,
    SigningVerbs,
    Reads,
    Deliveries,
    StandingReads,
    Sweeps,
    Verifying,
    Watchdog,
):
    """`Engine(sessions, clock, functions, directory, calendar, secret, lanes)`.

    Every verb is a unit of work of its own: it commits before it returns, and raises one of app.errors when it
    refuses. Nothing a diagram contains is ever run as Python.
    """
