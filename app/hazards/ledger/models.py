"""What an import was, row by row, and which rows of any ledger are in the register already."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, new_id
from app.hazards.ledger.problems import Problem
from app.i18n import lazy_

Id = sa.String(32)

# planned: looked at, nothing written. running: confirmed, rows are left. done: every row has its outcome.
STATES = {
    "planned": lazy_("待确认"),
    "running": lazy_("未完成"),
    "done": lazy_("已完成"),
}
# new: will be registered. imported: this import registered it. known: it was there before.
OUTCOMES = {
    "new": lazy_("待登记"),
    "imported": lazy_("已登记"),
    "known": lazy_("以前已导入"),
    "error": lazy_("有误"),
    "skipped": lazy_("不登记"),
}


class HazardImport(Base):
    """One ledger handed in (台账导入). Seen by whoever did it, their department or town, and the committee office."""

    __tablename__ = "hazard_import"
    __scope__ = Scope(region="region_code", orgs=("org_id",), owner="by_id")
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    file_name: Mapped[str] = mapped_column(sa.String(200))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(sa.String(12), default="planned", index=True)
    by_id: Mapped[str | None] = mapped_column(Id, index=True)
    by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    org_id: Mapped[str | None] = mapped_column(Id)
    region_code: Mapped[str | None] = mapped_column(sa.String(12))
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    sheets: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # {name, read, rows, headings, unused, hidden, missing}
    lease: Mapped[str | None] = mapped_column(sa.String(32))  # who is at work on it, so that two never are
    lease_until: Mapped[dt.datetime | None]

    @property
    def state_name(self) -> str:
        return str(STATES[self.state])


class HazardImportRow(Base):
    """One row of a ledger: what will become or has become of it, and why."""

    __tablename__ = "hazard_import_row"
    __table_args__ = (
        sa.UniqueConstraint("import_id", "position"),
        sa.Index("ix_hazard_import_row_outcome", "import_id", "outcome", "position"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    import_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("hazard_import.id"))
    position: Mapped[int]
    sheet: Mapped[str] = mapped_column(sa.String(60))
    number: Mapped[int]  # as Excel shows it
    outcome: Mapped[str] = mapped_column(sa.String(12))
    subject_name: Mapped[str] = mapped_column(sa.String(120), default="")
    summary: Mapped[str] = mapped_column(sa.String(120), default="")
    remarks: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    entry: Mapped[dict[str, Any] | None] = mapped_column(Json)  # of good rows: what will be registered
    cells: Mapped[list[str] | None] = mapped_column(Json)  # of bad rows: as they stand in the file, for the export
    key: Mapped[str | None] = mapped_column(sa.String(64))
    hazard_id: Mapped[str | None] = mapped_column(Id)

    @property
    def problems(self) -> list[Problem]:
        return [Problem.from_data(remark) for remark in self.remarks]

    @property
    def outcome_name(self) -> str:
        return str(OUTCOMES[self.outcome])


class LedgerKey(Base):
    """A ledger row that is in the register, or just being registered: never registered a second time.

    Taken before the process is started and completed after, so that an interruption between the two is found.
    """

    __tablename__ = "ledger_key"
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    import_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("hazard_import.id"))
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    hazard_id: Mapped[str | None] = mapped_column(Id)
    taken_at: Mapped[dt.datetime]
