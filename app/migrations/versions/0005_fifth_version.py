"""Fifth version: indexes that every step wrote and nobody asked go, or hold only the rows that are asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_history_event", table_name="history")
    op.drop_index("ix_human_task_spiff_task_id", table_name="human_task")
    op.drop_index("ix_human_task_done", table_name="human_task")
    op.create_index(
        "ix_human_task_done",
        "human_task",
        ["completed_by_id", "completed_at"],
        sqlite_where=sa.text("completed_by_id IS NOT NULL"),
        postgresql_where=sa.text("completed_by_id IS NOT NULL"),
    )
