"""Somebody else is at work: `with Holding(url, instance_id):` keeps the instance from everybody meanwhile."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.engine.running.locking import lock_instance
from app.web import setup

SHORT = 0.2  # seconds that a request waits meanwhile: whoever holds it will not let go, however long one waits


class Holding:
    """Another process has the instance: it holds the row, or on SQLite the database."""

    def __init__(self, url: str, instance_id: str) -> None:
        self._engine = sa.create_engine(url)
        self._instance_id = instance_id

    def __enter__(self) -> None:
        self._connection = self._engine.connect()
        if self._engine.dialect.name == "sqlite":
            driver: Any = self._connection.connection.dbapi_connection
            driver.isolation_level = None
            driver.execute("BEGIN IMMEDIATE")
        else:
            lock_instance(Session(self._connection), self._instance_id)
        self._usual, setup.PERSONS_WAIT = setup.PERSONS_WAIT, SHORT

    def __exit__(self, *_error: object) -> None:
        setup.PERSONS_WAIT = self._usual
        self._connection.close()
        self._engine.dispose()
