"""What a database needs before anybody works with it: dictionaries, calendars, the shipped processes."""

from __future__ import annotations

from flask import Flask


def install(app: Flask) -> None:
    """Seed what ships with the product. Safe to repeat: only what is missing or changed is written."""
    from app.audit import SYSTEM
    from app.calendars import seed as seed_calendars
    from app.db import write_transaction
    from app.engine import load_folder
    from app.inspections import install_checklists
    from app.web import engine, settings

    with app.extensions["duban.sessions"]() as session, write_transaction(session, alone=True):
        seed_calendars(session)
        install_checklists(session, app.extensions["duban.clock"].now())
    packages = [load_folder(path.parent) for path in sorted(settings().bpmn.glob("*/process.toml"))]
    for package in packages:
        engine().deploy(package, by=SYSTEM, known={one.key: one for one in packages})
