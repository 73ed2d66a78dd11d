"""Third version: campaigns, inspections, consultations, supervision, figures. Additive only, with defaults."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every part stands by itself, so that parts may be added in any order."""
    _hazard_origins()
    _passing_on()
    _campaigns()


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


def _campaigns() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("scale", sa.String(length=20), nullable=False),
        sa.Column("trigger", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=True),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("owner_org_id", sa.String(length=32), nullable=True),
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("slogan", sa.String(length=120), nullable=False),
        sa.Column("special_period", sa.String(length=60), nullable=False),
        sa.Column("goals", sa.Text(), nullable=False),
        sa.Column("document_ids", app.db.Json(), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=False),
        sa.Column("original_end_on", sa.Date(), nullable=False),
        sa.Column("weekly", sa.Boolean(), nullable=False),
        sa.Column("drafted_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("drafted_by_name", sa.String(length=80), nullable=False),
        sa.Column("issued_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("approved_by_name", sa.String(length=80), nullable=False),
        sa.Column("ended_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("figures", app.db.Json(), nullable=False),
        sa.Column("guards", app.db.Json(), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_org_id"], ["organisation.id"], name=op.f("fk_campaign_owner_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["campaign.id"], name=op.f("fk_campaign_parent_id_campaign")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_campaign_region_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("code", name=op.f("uq_campaign_code")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_campaign_instance_id")),
    )
    op.create_index(op.f("ix_campaign_parent_id"), "campaign", ["parent_id"], unique=False)
    op.create_index(op.f("ix_campaign_region_code"), "campaign", ["region_code"], unique=False)
    op.create_index(op.f("ix_campaign_scale"), "campaign", ["scale"], unique=False)
    op.create_index(op.f("ix_campaign_status"), "campaign", ["status"], unique=False)
    op.create_table(
        "campaign_phase",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=False),
        sa.Column("original_start_on", sa.Date(), nullable=False),
        sa.Column("original_end_on", sa.Date(), nullable=False),
        sa.Column("overlap", sa.Boolean(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("began_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("extended_days", sa.Integer(), nullable=False),
        sa.Column("gate_result", sa.String(length=12), nullable=False),
        sa.Column("gate_note", sa.Text(), nullable=False),
        sa.Column("gate_by_name", sa.String(length=80), nullable=False),
        sa.Column("gate_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("figures", app.db.Json(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=True),
        sa.Column("leftovers", app.db.Json(), nullable=False),
        sa.Column("carried", app.db.Json(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_phase_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_phase")),
        sa.UniqueConstraint("campaign_id", "seq", name=op.f("uq_campaign_phase_campaign_id_seq")),
    )
    op.create_index(op.f("ix_campaign_phase_campaign_id"), "campaign_phase", ["campaign_id"], unique=False)
    op.create_table(
        "sector_plan",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("lead_org_id", sa.String(length=32), nullable=False),
        sa.Column("co_org_ids", app.db.Json(), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("goals", sa.Text(), nullable=False),
        sa.Column("checklist_ids", app.db.Json(), nullable=False),
        sa.Column("document_ids", app.db.Json(), nullable=False),
        sa.Column("phase_offsets", app.db.Json(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("review_opinion", sa.Text(), nullable=False),
        sa.Column("draft_due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("submitted_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("approved_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("approved_by_name", sa.String(length=80), nullable=False),
        sa.Column("self_assessment", app.db.Json(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("ended_at", app.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_sector_plan_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["lead_org_id"], ["organisation.id"], name=op.f("fk_sector_plan_lead_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_sector_plan_region_code_region")),
        sa.ForeignKeyConstraint(["sector_code"], ["sector.code"], name=op.f("fk_sector_plan_sector_code_sector")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sector_plan")),
        sa.UniqueConstraint("campaign_id", "sector_code", name=op.f("uq_sector_plan_campaign_id_sector_code")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_sector_plan_instance_id")),
    )
    op.create_index(op.f("ix_sector_plan_campaign_id"), "sector_plan", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_sector_plan_lead_org_id"), "sector_plan", ["lead_org_id"], unique=False)
    op.create_index(op.f("ix_sector_plan_sector_code"), "sector_plan", ["sector_code"], unique=False)
    op.create_table(
        "campaign_task",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("phase_seq", sa.Integer(), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("lead_org_id", sa.String(length=32), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("metric", sa.String(length=40), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("actual", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("done_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("done_by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_task_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["lead_org_id"], ["organisation.id"], name=op.f("fk_campaign_task_lead_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_campaign_task_org_id_organisation")),
        sa.ForeignKeyConstraint(["plan_id"], ["sector_plan.id"], name=op.f("fk_campaign_task_plan_id_sector_plan")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_campaign_task_region_code_region")),
        sa.ForeignKeyConstraint(["sector_code"], ["sector.code"], name=op.f("fk_campaign_task_sector_code_sector")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_task")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_campaign_task_instance_id")),
    )
    op.create_index(op.f("ix_campaign_task_campaign_id"), "campaign_task", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_campaign_task_org_id"), "campaign_task", ["org_id"], unique=False)
    op.create_index(op.f("ix_campaign_task_plan_id"), "campaign_task", ["plan_id"], unique=False)
    op.create_index(op.f("ix_campaign_task_region_code"), "campaign_task", ["region_code"], unique=False)
    op.create_table(
        "campaign_progress",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("lead_org_id", sa.String(length=32), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("phase_seq", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("figures", app.db.Json(), nullable=False),
        sa.Column("reported_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("reported_by_name", sa.String(length=80), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_progress_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["lead_org_id"], ["organisation.id"], name=op.f("fk_campaign_progress_lead_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["sector_plan.id"], name=op.f("fk_campaign_progress_plan_id_sector_plan")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_campaign_progress_region_code_region")),
        sa.ForeignKeyConstraint(["sector_code"], ["sector.code"], name=op.f("fk_campaign_progress_sector_code_sector")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_progress")),
        sa.UniqueConstraint("plan_id", "due_on", name=op.f("uq_campaign_progress_plan_id_due_on")),
    )
    op.create_index(op.f("ix_campaign_progress_campaign_id"), "campaign_progress", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_campaign_progress_plan_id"), "campaign_progress", ["plan_id"], unique=False)
    op.create_table(
        "campaign_note",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=True),
        sa.Column("phase_seq", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", app.db.UTCDateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=False),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_note_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_campaign_note_org_id_organisation")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_campaign_note_region_code_region")),
        sa.ForeignKeyConstraint(["sector_code"], ["sector.code"], name=op.f("fk_campaign_note_sector_code_sector")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_note")),
    )
    op.create_index(op.f("ix_campaign_note_campaign_id"), "campaign_note", ["campaign_id"], unique=False)
    op.create_table(
        "campaign_number",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_campaign_number")),
    )
