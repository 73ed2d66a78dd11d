"""`duban verify`: everything that must agree with something else, compared. Changes nothing, safe beside work."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from flask import Flask

from app import files, hazards
from app.audit import Finding, verify
from app.engine import Engine


def findings(app: Flask, *, with_files: bool = True) -> Iterator[Finding]:
    """Each bad record and mismatch, the audit chain first. One instance and one file at a time in memory."""
    engine: Engine = app.extensions["duban.engine"]
    with app.app_context(), app.extensions["duban.sessions"]() as session:
        try:
            if broken := verify(session):
                yield Finding("audit.broken", "audit_record", str(broken.seq), broken.reason)
            session.rollback()
            session.expunge_all()
            yield from engine.verify_everything(session)
            yield from hazards.behind(session)
            yield from hazards.tally_differences(session)
            session.rollback()
            if with_files:
                yield from files.damaged(session)
        except sa.exc.ProgrammingError as wrong:  # PostgreSQL: a table is missing
            raise _other_schema(wrong) from wrong
        except sa.exc.OperationalError as wrong:  # SQLite says it like this
            if "no such" not in str(wrong):
                raise
            raise _other_schema(wrong) from wrong


def _other_schema(wrong: Exception) -> RuntimeError:
    first = str(wrong).splitlines()[0]
    return RuntimeError(f"数据库结构不是最新的，请先启动一次系统 / the schema is not at its newest revision: {first}")
