"""Second version: what was added since the first release. Additive only, with defaults for the rows that exist."""

from __future__ import annotations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every part stands by itself, so that parts may be added in any order."""


def downgrade() -> None:
    raise NotImplementedError("a release is gone back from by restoring a backup")
