"""Second version: what was added since the first release. Additive only, with defaults for the rows that exist."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every part stands by itself, so that parts may be added in any order."""
    _workers_and_hold()
    _hazard_requests()
    _clocks()
    _messages()
    _signing()
    _console()
    _repeats()
    _inbox()


def _workers_and_hold() -> None:
    op.create_table(
        "worker_beat",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("started_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("beat_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("busy_since", app.db.UTCDateTime(), nullable=True),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("stopped_at", app.db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_beat")),
    )
    op.create_index(op.f("ix_worker_beat_beat_at"), "worker_beat", ["beat_at"], unique=False)
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", app.db.UTCDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )


def _hazard_requests() -> None:
    op.add_column("hazard", sa.Column("extensions", sa.Integer(), server_default="0", nullable=False))
    op.add_column("hazard", sa.Column("paused_at", app.db.UTCDateTime(), nullable=True))
    op.add_column("hazard", sa.Column("pause_reason", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "hazard_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("hazard_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("interim_measures", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("evidence", app.db.Json(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("due_before", app.db.UTCDateTime(), nullable=True),
        sa.Column("asked_on", sa.String(length=10), nullable=True),
        sa.Column("granted_due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("reply_due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("escalations", sa.Integer(), nullable=False),
        sa.Column("requested_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("requested_by_id", sa.String(length=32), nullable=True),
        sa.Column("requested_by_name", sa.String(length=80), nullable=False),
        sa.Column("requested_org_id", sa.String(length=32), nullable=True),
        sa.Column("decided_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.String(length=32), nullable=True),
        sa.Column("decided_by_name", sa.String(length=80), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_request_hazard_id_hazard")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_request")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_hazard_request_instance_id")),
    )
    op.create_index(op.f("ix_hazard_request_hazard_id"), "hazard_request", ["hazard_id"], unique=False)
    op.create_index(op.f("ix_hazard_request_status"), "hazard_request", ["status"], unique=False)


def _clocks() -> None:
    for column in (
        sa.Column("extensions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("clock_round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pause_reason", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("human_task", column)
    for column in (
        sa.Column("next_attempt_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("moved_by_id", sa.String(length=32), nullable=True),
        sa.Column("moved_by_name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("moved_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("move_reason", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("timer", column)
    op.create_table(
        "clock_pause",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("ran_seconds", sa.Integer(), nullable=False),
        sa.Column("left_seconds", sa.Integer(), nullable=False),
        sa.Column("due_before", app.db.UTCDateTime(), nullable=False),
        sa.Column("due_after", app.db.UTCDateTime(), nullable=True),
        sa.Column("started_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("started_by_id", sa.String(length=32), nullable=True),
        sa.Column("started_by_name", sa.String(length=80), nullable=False),
        sa.Column("started_by_org", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("ended_by_id", sa.String(length=32), nullable=True),
        sa.Column("ended_by_name", sa.String(length=80), nullable=False),
        sa.Column("ended_by_org", sa.String(length=120), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_clock_pause_instance_id_instance")),
        sa.ForeignKeyConstraint(["task_id"], ["human_task.id"], name=op.f("fk_clock_pause_task_id_human_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_pause")),
    )
    op.create_index(op.f("ix_clock_pause_instance_id"), "clock_pause", ["instance_id"], unique=False)
    op.create_index(op.f("ix_clock_pause_task_id"), "clock_pause", ["task_id"], unique=False)
    op.create_index(
        "uq_clock_pause_open",
        "clock_pause",
        ["task_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _signing() -> None:
    op.create_table(
        "signing",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("node_id", sa.String(length=120), nullable=False),
        sa.Column("policy", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("agreed", sa.Integer(), nullable=False),
        sa.Column("disagreed", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("signers", app.db.Json(), nullable=False),
        sa.Column("votes", app.db.Json(), nullable=False),
        sa.Column("began_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("decided_at", app.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_signing_instance_id_instance")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing")),
    )
    op.create_index(op.f("ix_signing_instance_id"), "signing", ["instance_id"], unique=False)
    op.add_column("human_task", sa.Column("signing_id", sa.String(length=32), nullable=True))
    op.create_index(
        "ix_human_task_signing_id",
        "human_task",
        ["signing_id"],
        unique=False,
        sqlite_where=sa.text("signing_id IS NOT NULL"),
        postgresql_where=sa.text("signing_id IS NOT NULL"),
    )


def _messages() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("spiff_task_id", sa.String(length=36), nullable=False),
        sa.Column("node_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("correlation", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("ended_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_subscription_instance_id_instance")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index(op.f("ix_subscription_instance_id"), "subscription", ["instance_id"], unique=False)
    op.create_index("ix_subscription_name", "subscription", ["kind", "name", "correlation", "state"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("correlation", sa.String(length=200), nullable=False),
        sa.Column("payload", app.db.Json(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("sent_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("instance_id", sa.String(length=32), nullable=True),
        sa.Column("node_id", sa.String(length=120), nullable=True),
        sa.Column("delivered_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("by_id", sa.String(length=32), nullable=True),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.Column("answer", app.db.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("key", name=op.f("uq_message_key")),
    )
    op.create_index("ix_message_name", "message", ["name", "correlation", "state"], unique=False)


def _console() -> None:
    """What the console lists and counts among millions of rows."""
    op.create_index("ix_instance_started_at", "instance", ["started_at"], unique=False)
    op.create_index("ix_instance_status", "instance", ["status", "started_at"], unique=False)
    for name, table, column in (
        ("ix_timer_failed", "timer", "due_at"),
        ("ix_outbox_failed", "outbox", "created_at"),
    ):
        op.create_index(
            name,
            table,
            [column],
            unique=False,
            sqlite_where=sa.text("state = 'failed'"),
            postgresql_where=sa.text("state = 'failed'"),
        )


def _repeats() -> None:
    op.add_column("idempotency_key", sa.Column("owner", sa.String(length=80), server_default="", nullable=False))
    op.add_column("idempotency_key", sa.Column("acted", sa.Boolean(), server_default=sa.false(), nullable=False))


def _inbox() -> None:
    """Open tasks are listed and counted on their index alone."""
    counted = ["due_at", "amber_at", "paused_at", "urges", "definition_key", "node_id", "region_code", "id", "status"]
    for name, columns, held in (
        ("ix_human_task_mine", ["assignee_id", *counted], "assignee_id IS NOT NULL"),
        ("ix_human_task_pool", ["role", "org_id", *counted, "assignee_id"], "assignee_id IS NULL"),
    ):
        op.drop_index(name, table_name="human_task")
        op.create_index(
            name,
            "human_task",
            columns,
            unique=False,
            sqlite_where=sa.text(f"status = 'open' AND {held}"),
            postgresql_where=sa.text(f"status = 'open' AND {held}"),
        )
    op.create_index(
        "ix_human_task_open",
        "human_task",
        ["role", "org_id", "instance_id", "status"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    for column in ("sector_code", "supervising_org_id", "responsible_org_id"):
        op.drop_index(f"ix_instance_{column}", table_name="instance")
        op.create_index(
            f"ix_instance_{column}",
            "instance",
            [column],
            unique=False,
            sqlite_where=sa.text(f"{column} IS NOT NULL"),
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.drop_index(op.f("ix_instance_starter_id"), table_name="instance")
    op.create_index(
        "ix_instance_starter",
        "instance",
        ["starter_id", "id"],
        unique=False,
        sqlite_where=sa.text("starter_id IS NOT NULL"),
        postgresql_where=sa.text("starter_id IS NOT NULL"),
    )


def downgrade() -> None:
    raise NotImplementedError("a release is gone back from by restoring a backup")
