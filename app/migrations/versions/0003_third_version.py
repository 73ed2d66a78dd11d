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
    _inspections()
    _children()
    _passing_on()
    _campaigns()
    _metrics()
    _consultations()
    _supervision()
    _major_listings()


def _hazard_origins() -> None:
    """Where a hazard was found; the hazards of earlier versions were found nowhere in particular."""
    for name in ("campaign_id", "plan_id", "inspection_id", "consultation_id"):
        op.add_column("hazard", sa.Column(name, sa.String(length=32), nullable=True))
        op.create_index(op.f(f"ix_hazard_{name}"), "hazard", [name], unique=False)


def _inspections() -> None:
    op.create_table(
        "checklist",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("series_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=True),
        sa.Column("campaign_id", sa.String(length=32), nullable=True),
        sa.Column("plan_id", sa.String(length=32), nullable=True),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("scope_note", sa.String(length=300), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("created_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("created_by_name", sa.String(length=80), nullable=False),
        sa.Column("published_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("published_by_name", sa.String(length=80), nullable=False),
        sa.Column("updated_at", app.db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_checklist_org_id_organisation")),
        sa.ForeignKeyConstraint(["sector_code"], ["sector.code"], name=op.f("fk_checklist_sector_code_sector")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checklist")),
        sa.UniqueConstraint("series_id", "version", name=op.f("uq_checklist_series_id_version")),
    )
    op.create_index(op.f("ix_checklist_campaign_id"), "checklist", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_checklist_code"), "checklist", ["code"], unique=False)
    op.create_index(op.f("ix_checklist_org_id"), "checklist", ["org_id"], unique=False)
    op.create_index(op.f("ix_checklist_plan_id"), "checklist", ["plan_id"], unique=False)
    op.create_index(op.f("ix_checklist_sector_code"), "checklist", ["sector_code"], unique=False)
    op.create_index(op.f("ix_checklist_series_id"), "checklist", ["series_id"], unique=False)
    op.create_index(op.f("ix_checklist_status"), "checklist", ["status"], unique=False)
    op.create_table(
        "checklist_item",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("checklist_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("content", sa.String(length=300), nullable=False),
        sa.Column("legal_basis", sa.String(length=500), nullable=False),
        sa.Column("method", sa.String(length=300), nullable=False),
        sa.Column("criteria", sa.String(length=300), nullable=False),
        sa.Column("finding_hint", sa.String(length=120), nullable=False),
        sa.Column("requirement", sa.String(length=500), nullable=False),
        sa.Column("severity_hint", sa.String(length=12), nullable=False),
        sa.Column("hazard_kind", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["checklist_id"], ["checklist.id"], name=op.f("fk_checklist_item_checklist_id_checklist")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checklist_item")),
    )
    op.create_index(op.f("ix_checklist_item_checklist_id"), "checklist_item", ["checklist_id"], unique=False)
    op.create_table(
        "inspection",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=True),
        sa.Column("plan_id", sa.String(length=32), nullable=True),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=False),
        sa.Column("open_region_code", sa.String(length=12), nullable=False),
        sa.Column("open_sector_code", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("selection", sa.String(length=12), nullable=False),
        sa.Column("checklist_id", sa.String(length=32), nullable=True),
        sa.Column("checklist_title", sa.String(length=120), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("leader_name", sa.String(length=80), nullable=False),
        sa.Column("team_key", sa.String(length=64), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("started_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("executed_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("recorded_late", sa.Boolean(), nullable=False),
        sa.Column("subjects", sa.Integer(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("second_look", sa.String(length=12), nullable=False),
        sa.Column("second_look_note", sa.Text(), nullable=False),
        sa.Column("order_served_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("order_served", sa.String(length=12), nullable=False),
        sa.Column("violation", sa.Text(), nullable=False),
        sa.Column("referral", sa.String(length=20), nullable=False),
        sa.Column("referral_note", sa.Text(), nullable=False),
        sa.Column("referred_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("created_by_id", sa.String(length=32), nullable=True),
        sa.Column("created_by_name", sa.String(length=80), nullable=False),
        sa.Column("updated_at", app.db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["checklist_id"], ["checklist.id"], name=op.f("fk_inspection_checklist_id_checklist")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_inspection_org_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_inspection_instance_id")),
        sa.UniqueConstraint("number", name=op.f("uq_inspection_number")),
        sa.UniqueConstraint("request_key", name=op.f("uq_inspection_request_key")),
    )
    op.create_index(op.f("ix_inspection_campaign_id"), "inspection", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_inspection_executed_at"), "inspection", ["executed_at"], unique=False)
    op.create_index(op.f("ix_inspection_mode"), "inspection", ["mode"], unique=False)
    op.create_index(op.f("ix_inspection_open_region_code"), "inspection", ["open_region_code"], unique=False)
    op.create_index(op.f("ix_inspection_open_sector_code"), "inspection", ["open_sector_code"], unique=False)
    op.create_index(op.f("ix_inspection_org_id"), "inspection", ["org_id"], unique=False)
    op.create_index(op.f("ix_inspection_plan_id"), "inspection", ["plan_id"], unique=False)
    op.create_index("ix_inspection_planned", "inspection", ["planned_on", "id"], unique=False)
    op.create_index(op.f("ix_inspection_region_code"), "inspection", ["region_code"], unique=False)
    op.create_index(op.f("ix_inspection_sector_code"), "inspection", ["sector_code"], unique=False)
    op.create_index(op.f("ix_inspection_status"), "inspection", ["status"], unique=False)
    op.create_index(op.f("ix_inspection_team_key"), "inspection", ["team_key"], unique=False)
    op.create_table(
        "inspected_subject",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("inspection_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("supervising_org_id", sa.String(length=32), nullable=True),
        sa.Column("inspecting_org_id", sa.String(length=32), nullable=False),
        sa.Column("open_region_code", sa.String(length=12), nullable=False),
        sa.Column("open_sector_code", sa.String(length=40), nullable=False),
        sa.Column("open_supervising_org_id", sa.String(length=32), nullable=True),
        sa.Column("disclosed_org_id", sa.String(length=32), nullable=True),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.Column("scene", sa.String(length=200), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("served", sa.String(length=12), nullable=False),
        sa.Column("signed_by", sa.String(length=40), nullable=False),
        sa.Column("signed_title", sa.String(length=40), nullable=False),
        sa.Column("refused_reason", sa.String(length=300), nullable=False),
        sa.Column("evidence", app.db.Json(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("accuracy_m", sa.Integer(), nullable=True),
        sa.Column("site_rev", sa.Integer(), nullable=False),
        sa.Column("inspected_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_inspected_subject_inspection_id_inspection")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_inspected_subject_subject_id_subject")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspected_subject")),
        sa.UniqueConstraint("inspection_id", "subject_id", name=op.f("uq_inspected_subject_inspection_id_subject_id")),
    )
    op.create_index(
        op.f("ix_inspected_subject_disclosed_org_id"), "inspected_subject", ["disclosed_org_id"], unique=False
    )
    op.create_index(op.f("ix_inspected_subject_inspected_at"), "inspected_subject", ["inspected_at"], unique=False)
    op.create_index(
        op.f("ix_inspected_subject_inspecting_org_id"), "inspected_subject", ["inspecting_org_id"], unique=False
    )
    op.create_index(op.f("ix_inspected_subject_inspection_id"), "inspected_subject", ["inspection_id"], unique=False)
    op.create_index(op.f("ix_inspected_subject_instance_id"), "inspected_subject", ["instance_id"], unique=False)
    op.create_index(
        op.f("ix_inspected_subject_open_region_code"), "inspected_subject", ["open_region_code"], unique=False
    )
    op.create_index(
        op.f("ix_inspected_subject_open_sector_code"), "inspected_subject", ["open_sector_code"], unique=False
    )
    op.create_index(
        op.f("ix_inspected_subject_open_supervising_org_id"),
        "inspected_subject",
        ["open_supervising_org_id"],
        unique=False,
    )
    op.create_index(op.f("ix_inspected_subject_region_code"), "inspected_subject", ["region_code"], unique=False)
    op.create_index(op.f("ix_inspected_subject_sector_code"), "inspected_subject", ["sector_code"], unique=False)
    op.create_index(op.f("ix_inspected_subject_subject_id"), "inspected_subject", ["subject_id"], unique=False)
    op.create_table(
        "inspector",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("inspection_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=False),
        sa.Column("org_name", sa.String(length=120), nullable=False),
        sa.Column("cert_no", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_inspector_inspection_id_inspection")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_inspector_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector")),
        sa.UniqueConstraint("inspection_id", "user_id", name=op.f("uq_inspector_inspection_id_user_id")),
    )
    op.create_index(op.f("ix_inspector_inspection_id"), "inspector", ["inspection_id"], unique=False)
    op.create_index(op.f("ix_inspector_user_id"), "inspector", ["user_id"], unique=False)
    op.create_table(
        "inspection_item",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("inspection_id", sa.String(length=32), nullable=False),
        sa.Column("inspected_subject_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("checklist_item_id", sa.String(length=32), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("content", sa.String(length=300), nullable=False),
        sa.Column("legal_basis", sa.String(length=500), nullable=False),
        sa.Column("method", sa.String(length=300), nullable=False),
        sa.Column("criteria", sa.String(length=300), nullable=False),
        sa.Column("severity_hint", sa.String(length=12), nullable=False),
        sa.Column("finding_hint", sa.String(length=120), nullable=False),
        sa.Column("hazard_kind", sa.String(length=20), nullable=False),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("finding", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=12), nullable=False),
        sa.Column("deadline", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("photos", app.db.Json(), nullable=False),
        sa.Column("photos_after", app.db.Json(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("answered_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("answered_by_id", sa.String(length=32), nullable=True),
        sa.Column("answered_by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspected_subject_id"],
            ["inspected_subject.id"],
            name=op.f("fk_inspection_item_inspected_subject_id_inspected_subject"),
        ),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_inspection_item_inspection_id_inspection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_item")),
        sa.UniqueConstraint(
            "inspected_subject_id", "client_id", name=op.f("uq_inspection_item_inspected_subject_id_client_id")
        ),
    )
    op.create_index(op.f("ix_inspection_item_inspection_id"), "inspection_item", ["inspection_id"], unique=False)
    op.create_index("ix_inspection_item_order", "inspection_item", ["inspected_subject_id", "position"], unique=False)
    op.create_table(
        "inspection_draw",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("inspection_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("criteria", app.db.Json(), nullable=False),
        sa.Column("candidates", app.db.Json(), nullable=False),
        sa.Column("candidates_hash", sa.String(length=64), nullable=False),
        sa.Column("excluded", app.db.Json(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("drawn", app.db.Json(), nullable=False),
        sa.Column("made_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("made_by_id", sa.String(length=32), nullable=True),
        sa.Column("made_by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_inspection_draw_inspection_id_inspection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_draw")),
        sa.UniqueConstraint("inspection_id", "kind", name=op.f("uq_inspection_draw_inspection_id_kind")),
    )
    op.create_index(op.f("ix_inspection_draw_inspection_id"), "inspection_draw", ["inspection_id"], unique=False)
    op.create_table(
        "inspector_avoidance",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("made_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("made_by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_inspector_avoidance_subject_id_subject")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_inspector_avoidance_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_avoidance")),
        sa.UniqueConstraint("user_id", "subject_id", name=op.f("uq_inspector_avoidance_user_id_subject_id")),
    )
    op.create_index(op.f("ix_inspector_avoidance_subject_id"), "inspector_avoidance", ["subject_id"], unique=False)
    op.create_index(op.f("ix_inspector_avoidance_user_id"), "inspector_avoidance", ["user_id"], unique=False)
    op.create_table(
        "inspection_number",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_inspection_number")),
    )


def _children() -> None:
    """What detached call activities start; none of the earlier versions did."""
    op.add_column("instance", sa.Column("parent_node", sa.String(length=120), nullable=True))
    op.create_table(
        "child",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=False),
        sa.Column("node_id", sa.String(length=120), nullable=False),
        sa.Column("spiff_task_id", sa.String(length=36), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("definition_id", sa.String(length=32), nullable=False),
        sa.Column("definition_key", sa.String(length=80), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=True),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("inputs", app.db.Json(), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=True),
        sa.Column("complete_when", sa.Text(), nullable=True),
        sa.Column("result", app.db.Json(), nullable=True),
        sa.Column("end_node", sa.String(length=120), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("created_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("started_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("ended_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("dropped_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("told_at", app.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_child_instance_id_instance")),
        sa.ForeignKeyConstraint(["parent_id"], ["instance.id"], name=op.f("fk_child_parent_id_instance")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_child_instance_id")),
        sa.UniqueConstraint(
            "parent_id", "node_id", "round", "number", name=op.f("uq_child_parent_id_node_id_round_number")
        ),
    )
    op.create_index(
        "ix_child_open",
        "child",
        ["parent_id", "spiff_task_id"],
        sqlite_where=sa.text("state IN ('due', 'running')"),
        postgresql_where=sa.text("state IN ('due', 'running')"),
    )


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


def _metrics() -> None:
    op.create_table(
        "metric_snapshot",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("question", app.db.Json(), nullable=False),
        sa.Column("window_text", sa.String(length=120), nullable=False),
        sa.Column("window_start", app.db.UTCDateTime(), nullable=True),
        sa.Column("window_end", app.db.UTCDateTime(), nullable=True),
        sa.Column("value", sa.String(length=60), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.Column("rows_hash", sa.String(length=64), nullable=False),
        sa.Column("rule_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=120), nullable=False),
        sa.Column("taken_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("taken_by_id", sa.String(length=32), nullable=True),
        sa.Column("taken_by_name", sa.String(length=80), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_snapshot")),
    )
    op.create_index("ix_metric_snapshot_key_taken", "metric_snapshot", ["key", "taken_at"], unique=False)
    op.create_table(
        "hazard_tally",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("town", sa.String(length=12), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("major", sa.Boolean(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_tally")),
    )
    op.create_index("ix_hazard_supervised", "hazard", ["supervising_org_id", "sector_code"], unique=False)
    op.create_index("ix_hazard_tally_campaign", "hazard_tally", ["campaign_id"], unique=False)
    _tally_what_there_is()


def _tally_what_there_is() -> None:
    """The hazards of earlier versions, counted once; from here on the program keeps the tally."""
    if op.get_bind().dialect.name == "postgresql":
        key = "replace(gen_random_uuid()::text, '-', '')"
        week = "date_trunc('week', {} AT TIME ZONE 'Asia/Shanghai')::date"
    else:
        key, week = "lower(hex(randomblob(16)))", "date({}, '+8 hours', 'weekday 0', '-6 days')"
    in_time = "CASE WHEN original_due_at IS NULL OR submitted_at <= original_due_at THEN 1 ELSE 0 END"
    told = "substr(region_code, 1, 9) || '000' AS town, sector_code, coalesce(grade = 'major', false) AS major"
    counted = f"""
        SELECT {told}, {week.format("found_at")} AS week, 1 AS found, 0 AS closed, 0 AS on_time
        FROM hazard WHERE status <> 'voided'
        UNION ALL
        SELECT {told}, {week.format("closed_at")}, 0, 1, {in_time}
        FROM hazard WHERE status = 'closed' AND closed_at IS NOT NULL
    """  # noqa: S608 (no part of it comes from outside)
    sums = f"""
        SELECT {key}, '', town, sector_code, major, week, sum(found), sum(closed), sum(on_time)
        FROM ({counted}) AS one GROUP BY town, sector_code, major, week
    """  # noqa: S608
    names = "id, campaign_id, town, sector_code, major, week, found, closed, on_time"
    op.execute(f"INSERT INTO hazard_tally ({names}) {sums}")


def _consultations() -> None:
    """The expert pool, consultations with their visits and scores, opinions, and links for a single visit."""
    op.create_table(
        "consultation_link_attempt",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("at", app.db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_link_attempt")),
    )
    op.create_index(
        "ix_consultation_link_attempt_address", "consultation_link_attempt", ["address", "at"], unique=False
    )
    op.create_table(
        "consultation_number",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_consultation_number")),
    )
    op.create_table(
        "consultation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("focus", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=True),
        sa.Column("organising_org_id", sa.String(length=32), nullable=True),
        sa.Column("supervising_org_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=True),
        sa.Column("plan_id", sa.String(length=32), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("candidates", app.db.Json(), nullable=False),
        sa.Column("drawn", app.db.Json(), nullable=False),
        sa.Column("chosen_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("chosen_by_name", sa.String(length=80), nullable=False),
        sa.Column("reported_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("report", app.db.Json(), nullable=False),
        sa.Column("fee_yuan", sa.Integer(), nullable=True),
        sa.Column("fee_proposed_by_id", sa.String(length=32), nullable=True),
        sa.Column("fee_approved_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("fee_approved_by_id", sa.String(length=32), nullable=True),
        sa.Column("fee_approved_by_name", sa.String(length=80), nullable=False),
        sa.Column("created_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("created_by_name", sa.String(length=80), nullable=False),
        sa.Column("closed_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.Column("updated_at", app.db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["sector_code"], ["sector.code"], name=op.f("fk_consultation_sector_code_sector")),
        sa.ForeignKeyConstraint(
            ["supervising_org_id"], ["organisation.id"], name=op.f("fk_consultation_supervising_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_consultation_instance_id")),
        sa.UniqueConstraint("number", name=op.f("uq_consultation_number")),
    )
    op.create_index(op.f("ix_consultation_campaign_id"), "consultation", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_consultation_closed_at"), "consultation", ["closed_at"], unique=False)
    op.create_index(op.f("ix_consultation_organising_org_id"), "consultation", ["organising_org_id"], unique=False)
    op.create_index(op.f("ix_consultation_plan_id"), "consultation", ["plan_id"], unique=False)
    op.create_index(op.f("ix_consultation_region_code"), "consultation", ["region_code"], unique=False)
    op.create_index(op.f("ix_consultation_sector_code"), "consultation", ["sector_code"], unique=False)
    op.create_index("ix_consultation_status_planned", "consultation", ["status", "planned_on"], unique=False)
    op.create_index(op.f("ix_consultation_supervising_org_id"), "consultation", ["supervising_org_id"], unique=False)
    op.create_table(
        "expert",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=True),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=True),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("certificate", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("topics", app.db.Json(), nullable=False),
        sa.Column("conflicts", app.db.Json(), nullable=False),
        sa.Column("fee_rate_yuan", sa.Integer(), nullable=False),
        sa.Column("fee_unit", sa.String(length=12), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("rating_sum", sa.Integer(), nullable=False),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("created_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_expert_org_id_organisation")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_expert_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert")),
        sa.UniqueConstraint("user_id", name=op.f("uq_expert_user_id")),
    )
    op.create_index(op.f("ix_expert_active"), "expert", ["active"], unique=False)
    op.create_index(op.f("ix_expert_org_id"), "expert", ["org_id"], unique=False)
    op.create_index(op.f("ix_expert_region_code"), "expert", ["region_code"], unique=False)
    op.create_table(
        "consultation_visit",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("consultation_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("supervising_org_id", sa.String(length=32), nullable=False),
        sa.Column("town_org_id", sa.String(length=32), nullable=True),
        sa.Column("responsible_org_id", sa.String(length=32), nullable=True),
        sa.Column("visit_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("prepare", sa.Text(), nullable=False),
        sa.Column("notified_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("acknowledged_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=40), nullable=False),
        sa.Column("visited_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("supervisors", app.db.Json(), nullable=False),
        sa.Column("supervisor_names", app.db.Json(), nullable=False),
        sa.Column("received_by", sa.String(length=40), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("photos", app.db.Json(), nullable=False),
        sa.Column("score_before", sa.Double(), nullable=True),
        sa.Column("score_after", sa.Double(), nullable=True),
        sa.Column("converted_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("converted_by_name", sa.String(length=80), nullable=False),
        sa.Column("revisited_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("revisit_names", app.db.Json(), nullable=False),
        sa.Column("revisit_remark", sa.Text(), nullable=False),
        sa.Column("updated_at", app.db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultation.id"], name=op.f("fk_consultation_visit_consultation_id_consultation")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_consultation_visit_subject_id_subject")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_visit")),
        sa.UniqueConstraint(
            "consultation_id", "subject_id", name=op.f("uq_consultation_visit_consultation_id_subject_id")
        ),
        sa.UniqueConstraint("instance_id", name=op.f("uq_consultation_visit_instance_id")),
        sa.UniqueConstraint("number", name=op.f("uq_consultation_visit_number")),
    )
    op.create_index(
        op.f("ix_consultation_visit_consultation_id"), "consultation_visit", ["consultation_id"], unique=False
    )
    op.create_index(op.f("ix_consultation_visit_region_code"), "consultation_visit", ["region_code"], unique=False)
    op.create_index(
        op.f("ix_consultation_visit_responsible_org_id"), "consultation_visit", ["responsible_org_id"], unique=False
    )
    op.create_index(op.f("ix_consultation_visit_sector_code"), "consultation_visit", ["sector_code"], unique=False)
    op.create_index(op.f("ix_consultation_visit_status"), "consultation_visit", ["status"], unique=False)
    op.create_index(op.f("ix_consultation_visit_subject_id"), "consultation_visit", ["subject_id"], unique=False)
    op.create_index(
        op.f("ix_consultation_visit_supervising_org_id"), "consultation_visit", ["supervising_org_id"], unique=False
    )
    op.create_index(op.f("ix_consultation_visit_visited_at"), "consultation_visit", ["visited_at"], unique=False)
    op.create_table(
        "expert_sector",
        sa.Column("expert_id", sa.String(length=32), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["expert_id"], ["expert.id"], name=op.f("fk_expert_sector_expert_id_expert")),
        sa.ForeignKeyConstraint(["sector_code"], ["sector.code"], name=op.f("fk_expert_sector_sector_code_sector")),
        sa.PrimaryKeyConstraint("expert_id", "sector_code", name=op.f("pk_expert_sector")),
    )
    op.create_index(op.f("ix_expert_sector_sector_code"), "expert_sector", ["sector_code"], unique=False)
    op.create_table(
        "consultation_diagnosis",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["consultation_visit.id"], name=op.f("fk_consultation_diagnosis_visit_id_consultation_visit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_diagnosis")),
        sa.UniqueConstraint("visit_id", "stage", "code", name=op.f("uq_consultation_diagnosis_visit_id_stage_code")),
    )
    op.create_index(op.f("ix_consultation_diagnosis_visit_id"), "consultation_diagnosis", ["visit_id"], unique=False)
    op.create_table(
        "consultation_expert",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("consultation_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("expert_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("chosen", sa.String(length=12), nullable=False),
        sa.Column("avoidance_checked_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=True),
        sa.Column("due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("submitted_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("handed_in", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("replaces_id", sa.String(length=32), nullable=True),
        sa.Column("fee_yuan", sa.Integer(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("evaluation", sa.String(length=500), nullable=False),
        sa.Column("access_until", app.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultation.id"], name=op.f("fk_consultation_expert_consultation_id_consultation")
        ),
        sa.ForeignKeyConstraint(["expert_id"], ["expert.id"], name=op.f("fk_consultation_expert_expert_id_expert")),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["consultation_visit.id"], name=op.f("fk_consultation_expert_visit_id_consultation_visit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_expert")),
        sa.UniqueConstraint("visit_id", "expert_id", name=op.f("uq_consultation_expert_visit_id_expert_id")),
    )
    op.create_index(
        op.f("ix_consultation_expert_consultation_id"), "consultation_expert", ["consultation_id"], unique=False
    )
    op.create_index(op.f("ix_consultation_expert_expert_id"), "consultation_expert", ["expert_id"], unique=False)
    op.create_index(op.f("ix_consultation_expert_instance_id"), "consultation_expert", ["instance_id"], unique=False)
    op.create_index(op.f("ix_consultation_expert_user_id"), "consultation_expert", ["user_id"], unique=False)
    op.create_index(op.f("ix_consultation_expert_visit_id"), "consultation_expert", ["visit_id"], unique=False)
    op.create_table(
        "consultation_opinion",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("consultation_id", sa.String(length=32), nullable=False),
        sa.Column("engagement_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("summary", sa.String(length=120), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=False),
        sa.Column("severity", sa.String(length=12), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("suggestion", sa.Text(), nullable=False),
        sa.Column("photos", app.db.Json(), nullable=False),
        sa.Column("submitted_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("grade", sa.String(length=12), nullable=False),
        sa.Column("merged_into", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("decided_by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["engagement_id"],
            ["consultation_expert.id"],
            name=op.f("fk_consultation_opinion_engagement_id_consultation_expert"),
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["consultation_visit.id"], name=op.f("fk_consultation_opinion_visit_id_consultation_visit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_opinion")),
        sa.UniqueConstraint("number", name=op.f("uq_consultation_opinion_number")),
    )
    op.create_index(
        op.f("ix_consultation_opinion_consultation_id"), "consultation_opinion", ["consultation_id"], unique=False
    )
    op.create_index(
        op.f("ix_consultation_opinion_engagement_id"), "consultation_opinion", ["engagement_id"], unique=False
    )
    op.create_index(op.f("ix_consultation_opinion_visit_id"), "consultation_opinion", ["visit_id"], unique=False)
    op.create_table(
        "consultation_visit_link",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("engagement_id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("created_by_name", sa.String(length=80), nullable=False),
        sa.Column("expires_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("used_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("opened_at", app.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["engagement_id"],
            ["consultation_expert.id"],
            name=op.f("fk_consultation_visit_link_engagement_id_consultation_expert"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_visit_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_consultation_visit_link_token_hash")),
    )
    op.create_index(
        op.f("ix_consultation_visit_link_engagement_id"), "consultation_visit_link", ["engagement_id"], unique=False
    )


def _supervision() -> None:
    """Supervised matters, their ladder, feedback, interviews, circulars, instructions, requests for more time."""
    op.create_table(
        "supervision_number",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_supervision_number")),
    )
    op.create_table(
        "supervision_item",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("clock_round", sa.Integer(), nullable=False),
        sa.Column("colour", sa.String(length=8), nullable=False),
        sa.Column("office_org_id", sa.String(length=32), nullable=True),
        sa.Column("planned_org_id", sa.String(length=32), nullable=True),
        sa.Column("addressee_org_id", sa.String(length=32), nullable=True),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=True),
        sa.Column("campaign_id", sa.String(length=32), nullable=True),
        sa.Column("matter_kind", sa.String(length=40), nullable=True),
        sa.Column("matter_id", sa.String(length=64), nullable=True),
        sa.Column("matter_no", sa.String(length=80), nullable=False),
        sa.Column("origin_task_id", sa.String(length=32), nullable=True),
        sa.Column("origin_instance_id", sa.String(length=32), nullable=True),
        sa.Column("origin_step", sa.String(length=120), nullable=False),
        sa.Column("origin_due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("open_key", sa.String(length=120), nullable=True),
        sa.Column("due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("amber_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("original_due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("paused_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("opened_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("opened_by_id", sa.String(length=32), nullable=True),
        sa.Column("opened_by_name", sa.String(length=80), nullable=False),
        sa.Column("issued_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("issued_by_name", sa.String(length=80), nullable=False),
        sa.Column("received_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("received_by_name", sa.String(length=80), nullable=False),
        sa.Column("answered_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("ended_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("ended_by_name", sa.String(length=80), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("updated_at", app.db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["addressee_org_id"], ["organisation.id"], name=op.f("fk_supervision_item_addressee_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["office_org_id"], ["organisation.id"], name=op.f("fk_supervision_item_office_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["planned_org_id"], ["organisation.id"], name=op.f("fk_supervision_item_planned_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_supervision_item_region_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_item")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_supervision_item_instance_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_supervision_item_request_key")),
        sa.UniqueConstraint("number", name=op.f("uq_supervision_item_number")),
        sa.UniqueConstraint("open_key", name=op.f("uq_supervision_item_open_key")),
    )
    op.create_index(
        op.f("ix_supervision_item_addressee_org_id"), "supervision_item", ["addressee_org_id"], unique=False
    )
    op.create_index(op.f("ix_supervision_item_campaign_id"), "supervision_item", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_supervision_item_ended_at"), "supervision_item", ["ended_at"], unique=False)
    op.create_index(op.f("ix_supervision_item_issued_at"), "supervision_item", ["issued_at"], unique=False)
    op.create_index("ix_supervision_item_matter", "supervision_item", ["matter_kind", "matter_id"], unique=False)
    op.create_index(
        op.f("ix_supervision_item_origin_instance_id"), "supervision_item", ["origin_instance_id"], unique=False
    )
    op.create_index(op.f("ix_supervision_item_region_code"), "supervision_item", ["region_code"], unique=False)
    op.create_index(op.f("ix_supervision_item_sector_code"), "supervision_item", ["sector_code"], unique=False)
    op.create_index(op.f("ix_supervision_item_source"), "supervision_item", ["source"], unique=False)
    op.create_index("ix_supervision_item_status_due", "supervision_item", ["status", "due_at"], unique=False)
    op.create_table(
        "supervision_circular",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("clock_round", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("issued_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supervision_item.id"], name=op.f("fk_supervision_circular_item_id_supervision_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_circular")),
    )
    op.create_index(op.f("ix_supervision_circular_issued_at"), "supervision_circular", ["issued_at"], unique=False)
    op.create_index(op.f("ix_supervision_circular_item_id"), "supervision_circular", ["item_id"], unique=False)
    op.create_table(
        "supervision_feedback",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("answer_key", sa.String(length=120), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("attachments", app.db.Json(), nullable=False),
        sa.Column("at", app.db.UTCDateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=True),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=True),
        sa.Column("due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("result", sa.String(length=12), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("reviewed_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("reviewed_by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supervision_item.id"], name=op.f("fk_supervision_feedback_item_id_supervision_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_feedback")),
        sa.UniqueConstraint("answer_key", name=op.f("uq_supervision_feedback_answer_key")),
    )
    op.create_index(op.f("ix_supervision_feedback_item_id"), "supervision_feedback", ["item_id"], unique=False)
    op.create_table(
        "supervision_instruction",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("clock_round", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", app.db.UTCDateTime(), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=True),
        sa.Column("leader_name", sa.String(length=80), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=True),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supervision_item.id"], name=op.f("fk_supervision_instruction_item_id_supervision_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_instruction")),
    )
    op.create_index(op.f("ix_supervision_instruction_at"), "supervision_instruction", ["at"], unique=False)
    op.create_index(op.f("ix_supervision_instruction_item_id"), "supervision_instruction", ["item_id"], unique=False)
    op.create_index(
        op.f("ix_supervision_instruction_subject_id"), "supervision_instruction", ["subject_id"], unique=False
    )
    op.create_table(
        "supervision_interview",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("clock_round", sa.Integer(), nullable=False),
        sa.Column("decided_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("hold_by", app.db.UTCDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("talk_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("chair", sa.String(length=80), nullable=False),
        sa.Column("persons", sa.String(length=300), nullable=False),
        sa.Column("noticed_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("noticed_by_name", sa.String(length=80), nullable=False),
        sa.Column("held_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("attendees", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.Column("requirements", sa.Text(), nullable=False),
        sa.Column("feedback_due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("feedback_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("feedback_by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supervision_item.id"], name=op.f("fk_supervision_interview_item_id_supervision_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_interview")),
    )
    op.create_index(op.f("ix_supervision_interview_held_at"), "supervision_interview", ["held_at"], unique=False)
    op.create_index(op.f("ix_supervision_interview_item_id"), "supervision_interview", ["item_id"], unique=False)
    op.create_table(
        "supervision_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("asked_on", sa.String(length=10), nullable=False),
        sa.Column("due_before", app.db.UTCDateTime(), nullable=True),
        sa.Column("granted_due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("requested_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("requested_by_id", sa.String(length=32), nullable=True),
        sa.Column("requested_by_name", sa.String(length=80), nullable=False),
        sa.Column("decided_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("decided_by_name", sa.String(length=80), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supervision_item.id"], name=op.f("fk_supervision_request_item_id_supervision_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_request")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_supervision_request_instance_id")),
    )
    op.create_index(op.f("ix_supervision_request_item_id"), "supervision_request", ["item_id"], unique=False)
    op.create_table(
        "supervision_rung",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("clock_round", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("at", app.db.UTCDateTime(), nullable=False),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supervision_item.id"], name=op.f("fk_supervision_rung_item_id_supervision_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_rung")),
        sa.UniqueConstraint(
            "item_id", "clock_round", "level", name=op.f("uq_supervision_rung_item_id_clock_round_level")
        ),
    )
    op.create_index(op.f("ix_supervision_rung_item_id"), "supervision_rung", ["item_id"], unique=False)


def _major_listings() -> None:
    """Listed supervision of major hazards, with its monthly reports."""
    op.create_table(
        "major_listing_number",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_major_listing_number")),
    )
    op.create_table(
        "major_listing",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("hazard_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("sector_code", sa.String(length=40), nullable=False),
        sa.Column("supervising_org_id", sa.String(length=32), nullable=True),
        sa.Column("responsible_org_id", sa.String(length=32), nullable=True),
        sa.Column("reported_at", app.db.UTCDateTime(), nullable=False),
        sa.Column("verified_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("verified_by_name", sa.String(length=80), nullable=False),
        sa.Column("verify_opinion", sa.Text(), nullable=False),
        sa.Column("interim_measures", sa.Text(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("reported_superior", sa.Boolean(), nullable=False),
        sa.Column("plan", app.db.Json(), nullable=False),
        sa.Column("plan_files", app.db.Json(), nullable=False),
        sa.Column("planned_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("planned_by_name", sa.String(length=80), nullable=False),
        sa.Column("plan_opinion", sa.Text(), nullable=False),
        sa.Column("orderer_name", sa.String(length=80), nullable=False),
        sa.Column("listing_opinion", sa.Text(), nullable=False),
        sa.Column("listed_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("amber_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("original_due_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("file_by", app.db.UTCDateTime(), nullable=True),
        sa.Column("filed_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("filed_to", sa.String(length=120), nullable=False),
        sa.Column("filing_no", sa.String(length=80), nullable=False),
        sa.Column("publicise_by", app.db.UTCDateTime(), nullable=True),
        sa.Column("publicised_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("media", sa.String(length=200), nullable=False),
        sa.Column("link", sa.String(length=300), nullable=False),
        sa.Column("publicity_text", sa.Text(), nullable=False),
        sa.Column("applied_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("accept_by", app.db.UTCDateTime(), nullable=True),
        sa.Column("accepted_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("accepted_by_id", sa.String(length=32), nullable=True),
        sa.Column("accepted_by_name", sa.String(length=80), nullable=False),
        sa.Column("acceptance_result", sa.String(length=12), nullable=False),
        sa.Column("acceptance_opinion", sa.Text(), nullable=False),
        sa.Column("acceptance_files", app.db.Json(), nullable=False),
        sa.Column("experts", app.db.Json(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("resumption_agreed", sa.Boolean(), nullable=False),
        sa.Column("audit_opinion", sa.Text(), nullable=False),
        sa.Column("audited_by_name", sa.String(length=80), nullable=False),
        sa.Column("delisted_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("delisted_by_name", sa.String(length=80), nullable=False),
        sa.Column("delist_publicise_by", app.db.UTCDateTime(), nullable=True),
        sa.Column("delist_publicised_at", app.db.UTCDateTime(), nullable=True),
        sa.Column("delist_media", sa.String(length=200), nullable=False),
        sa.Column("ended_reason", sa.Text(), nullable=False),
        sa.Column("updated_at", app.db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["hazard_id"], ["hazard.id"], name=op.f("fk_major_listing_hazard_id_hazard")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_major_listing")),
        sa.UniqueConstraint("number", name=op.f("uq_major_listing_number")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_major_listing_instance_id")),
    )
    op.create_index(op.f("ix_major_listing_delisted_at"), "major_listing", ["delisted_at"], unique=False)
    op.create_index(op.f("ix_major_listing_hazard_id"), "major_listing", ["hazard_id"], unique=False)
    op.create_index(op.f("ix_major_listing_listed_at"), "major_listing", ["listed_at"], unique=False)
    op.create_index(op.f("ix_major_listing_region_code"), "major_listing", ["region_code"], unique=False)
    op.create_index(op.f("ix_major_listing_responsible_org_id"), "major_listing", ["responsible_org_id"], unique=False)
    op.create_index(op.f("ix_major_listing_sector_code"), "major_listing", ["sector_code"], unique=False)
    op.create_index(op.f("ix_major_listing_status"), "major_listing", ["status"], unique=False)
    op.create_index(op.f("ix_major_listing_supervising_org_id"), "major_listing", ["supervising_org_id"], unique=False)
    op.create_table(
        "major_listing_progress",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("listing_id", sa.String(length=32), nullable=False),
        sa.Column("report_key", sa.String(length=120), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("funds_yuan", sa.Integer(), nullable=True),
        sa.Column("photos", app.db.Json(), nullable=False),
        sa.Column("at", app.db.UTCDateTime(), nullable=False),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["major_listing.id"], name=op.f("fk_major_listing_progress_listing_id_major_listing")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_major_listing_progress")),
        sa.UniqueConstraint("report_key", name=op.f("uq_major_listing_progress_report_key")),
    )
    op.create_index(
        op.f("ix_major_listing_progress_listing_id"), "major_listing_progress", ["listing_id"], unique=False
    )
