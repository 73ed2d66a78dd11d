"""Third version: campaigns, inspections, consultations, supervision, figures. Additive only, with defaults."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every part stands by itself, so that parts may be added in any order."""
    _hazard_origins()
    _passing_on()


def _hazard_origins() -> None:
    """Where a hazard was found; the hazards of earlier versions were found nowhere in particular."""
    for name in ("campaign_id", "plan_id", "inspection_id", "consultation_id"):
        op.add_column("hazard", sa.Column(name, sa.String(length=32), nullable=True))
        op.create_index(op.f(f"ix_hazard_{name}"), "hazard", [name], unique=False)


def _passing_on() -> None:
    """Who passed a task on and may take it back; of what was passed on before, nobody may."""
    for name in ("passed_by_id", "passed_from_id", "delegated_by_id"):
        op.add_column("human_task", sa.Column(name, sa.String(length=32), nullable=True))
    op.add_column("human_task", sa.Column("delegated_by_name", sa.String(length=80), server_default="", nullable=False))
    op.create_index(
        "ix_human_task_passed",
        "human_task",
        ["passed_by_id"],
        sqlite_where=sa.text("status = 'open' AND passed_by_id IS NOT NULL"),
        postgresql_where=sa.text("status = 'open' AND passed_by_id IS NOT NULL"),
    )
