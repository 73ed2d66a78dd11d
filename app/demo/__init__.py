"""The demo city 望海市: fictional places and people, and hazards made by running the process in virtual time."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask import Flask

from app import collecting, web
from app.accounts import DemoAccount, User, offer_demo_accounts
from app.clock import FixedClock
from app.demo.inspecting import CHECKS
from app.demo.offices import PASSWORD, SHOWN
from app.demo.play import Play
from app.demo.population import populate
from app.i18n import pick

__all__ = ["accounts", "build", "is_empty", "offer"]

LARGE = 800  # inspections
BEGINS = dt.timedelta(days=75)  # how long before the day of installation the city's story begins


def is_empty() -> bool:
    """Whether nobody has an account yet."""
    return web.db.session.scalar(sa.select(User.id).limit(1)) is None


def build(app: Flask, *, size: int = 1, large: bool = False) -> None:
    """Fill an empty database. `size` multiplies enterprises and hazards; places and offices stay as they are.

    A large city has 800 inspections, which take minutes to play; otherwise it has what a first start has time for.

    Everything after the people is done by the engine's verbs, on a clock that runs from two and a half months ago to
    now: histories, reminders, deadlines and escalations are what the process made of them.
    """
    engine, real = web.engine(), web.clock()
    now = real.now()
    clock = FixedClock(now - BEGINS)
    app.extensions["duban.clock"] = engine.clock = clock
    try:
        population = populate(app, clock.now(), size=size)
        everyday = LARGE - len(CHECKS) if large else None
        with collecting.seldom():
            Play(engine, clock, population, until=now).run(size=size, everyday=everyday)
    finally:
        app.extensions["duban.clock"] = engine.clock = real
    web.refresh()


def accounts() -> list[DemoAccount]:
    """The people to try the system as, if this database holds the demo city."""
    known = set(web.db.session.scalars(sa.select(User.username).where(User.username.in_([row[0] for row in SHOWN]))))
    return [
        DemoAccount(username, PASSWORD, name, pick({"zh": zh, "en": en}))
        for username, name, zh, en in SHOWN
        if username in known
    ]


def offer(app: Flask) -> None:
    """Let the sign-in page show them."""
    offer_demo_accounts(app, accounts)
