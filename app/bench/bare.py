"""What the least possible costs here: one durable commit with two small writes, by the same driver and settings."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app.bench.measure import Sample
from app.db import write_transaction

_TABLE = sa.Table(
    "bench_commit", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text)
)


def commits(sessions: sessionmaker[Session], count: int = 300) -> Sample:
    """An update and an insert of 1 kB in one transaction, so many times."""
    bind = sessions.kw["bind"]
    _TABLE.create(bind, checkfirst=True)
    text = "督" * 340
    try:
        with sessions() as session, write_transaction(session):
            session.execute(sa.insert(_TABLE).values(id=0, text=text))

        def commit(number: int) -> None:
            with sessions() as session, write_transaction(session):
                session.execute(sa.update(_TABLE).where(_TABLE.c.id == 0).values(text=text + str(number)))
                session.execute(sa.insert(_TABLE).values(id=number, text=text))

        return Sample("bare commit").repeat(commit, list(range(1, count + 1)))
    finally:
        _TABLE.drop(bind)
