"""Alembic's entry: runs on the application's own database engine.

On SQLite all of an upgrade is one immediate transaction: a start that is killed half-way leaves the schema as it was,
and of two processes that start at once the second finds the first one's work done. Foreign keys are off meanwhile,
since changing a table means making it anew, and dropping the old one would otherwise delete what refers to it.

On PostgreSQL an upgrade is one transaction as well; an advisory lock makes the second of two starts wait for the first.
"""

from __future__ import annotations

from typing import Any

from alembic import context

from app.db import IMMEDIATE, Base

LOCK = 7202
PATIENCE = 300  # seconds that a start waits for another one's upgrade


def own_type(kind: str, item: Any, _context: Any) -> str | bool:
    """How a generated migration writes the column types of app.db; False leaves the rest to Alembic."""
    own = kind == "type" and type(item).__module__ == "app.db"
    return f"app.db.{type(item).__name__}()" if own else False


engine = context.config.attributes["engine"]
sqlite = engine.dialect.name == "sqlite"
with engine.connect() as connection:
    driver = connection.connection.dbapi_connection
    if sqlite:
        driver.execute("PRAGMA foreign_keys=OFF")
        connection.execution_options(**{IMMEDIATE: PATIENCE * 1000})
    applied: list[object] = []
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=sqlite,
        transactional_ddl=True,
        compare_type=True,
        render_item=own_type,
        on_version_apply=lambda step, **_: applied.append(step),
    )
    try:
        with context.begin_transaction():
            if not sqlite:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}s'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            context.run_migrations()
            if sqlite and applied and (dangling := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                raise RuntimeError(f"rows refer to nothing after the migration: {dangling[:5]}")
    finally:
        if sqlite:
            driver.execute("PRAGMA foreign_keys=ON")
