"""Third version: campaigns, inspections, consultations, supervision, figures. Additive only, with defaults."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every part stands by itself, so that parts may be added in any order."""
