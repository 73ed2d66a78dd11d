"""Alembic's entry: runs on the application's own database engine."""

from __future__ import annotations

from alembic import context

from app.db import Base

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        user_module_prefix="app.db.",
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
