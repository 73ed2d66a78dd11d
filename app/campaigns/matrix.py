"""The wall's matrix: sectors × phases, each cell with its progress beside what is expected today.

A sector's progress in a phase is the mean of its tasks there (each at most whole); without tasks it is what the
department reported last for the phase. Expected today is the share of the phase's work days that have passed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

from app.accounts import Organisation, Sector, visible
from app.calendars import Office, office
from app.campaigns.figures import actuals
from app.campaigns.models import Campaign, CampaignPhase, CampaignProgress, CampaignTask, SectorPlan
from app.clock import local
from app.i18n import bilingual

# Columns of a task that progress is told from. Rows of these are read, not records: there may be thousands.
FIGURED = (
    "id", "plan_id", "phase_seq", "sector_code", "region_code", "org_id", "metric", "target", "actual", "status",
)  # fmt: skip
BEHIND, FAR_BEHIND = 5, 15  # points: amber from here, red from there
ASSESSED_BEFORE, LATE_AFTER = 3, 3  # work days before a phase's end, and after it


@dataclass(frozen=True)
class Gate:
    """A column's head: the phase and the gate at its end. `days` count calendar days to `end_on`, negative past it."""

    seq: int
    name: str
    start_on: dt.date
    end_on: dt.date
    original_end_on: dt.date
    assessed_on: dt.date  # the day on which the assessment is due to begin
    overlap: bool
    status: str
    status_name: str
    expected: int | None  # per cent expected today; None before it begins
    days: int
    days_to_start: int
    state: str  # done, red, amber, blue, none
    open_sectors: int  # sectors that have not passed


@dataclass(frozen=True)
class Cell:
    """One sector in one phase. `percent` is None where nothing was reported or nothing has begun."""

    sector_code: str
    seq: int
    state: str  # done, green, amber, red, none
    percent: int | None
    expected: int | None
    lag: int  # points behind what is expected; 0 where it is not behind
    done: int  # tasks
    tasks: int
    leftovers: int


@dataclass(frozen=True)
class SectorRow:
    sector_code: str
    sector_name: str
    plan_id: str
    plan_status: str
    plan_status_name: str
    lead_org_id: str
    lead_name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Matrix:
    campaign_id: str
    gates: tuple[Gate, ...]
    rows: tuple[SectorRow, ...]
    totals: tuple[tuple[int, int], ...] = field(default=())  # by phase: sectors that passed, sectors


def matrix(campaign: Campaign, user: Any, now: dt.datetime, session: Session | None = None) -> Matrix:
    """The matrix of a campaign with the sectors that the person may see. `user` None is the system: all of them."""
    session = session or object_session(campaign)
    assert session is not None
    select = sa.select(SectorPlan).where(SectorPlan.campaign_id == campaign.id, SectorPlan.status != "voided")
    plans = list(session.scalars(visible(select, SectorPlan, user) if user is not None else select))
    phases = list(session.scalars(_phases(campaign.id)))
    reader = _Reader(session, plans, phases, local(now).date())
    rows = reader.rows()
    cells = [[row.cells[n] for row in rows] for n in range(len(phases))]
    totals = tuple((sum(cell.state == "done" for cell in column), len(column)) for column in cells)
    gates = tuple(reader.gate(phase, total - passed) for phase, (passed, total) in zip(phases, totals, strict=True))
    return Matrix(campaign.id, gates, tuple(rows), totals)


def _phases(campaign_id: str) -> sa.Select[Any]:
    return sa.select(CampaignPhase).where(CampaignPhase.campaign_id == campaign_id).order_by(CampaignPhase.seq)


def expected_share(calendar: Office, phase: CampaignPhase, today: dt.date, offset: int = 0) -> int | None:
    """Per cent of the phase's work days up to and including today; None before it begins."""
    first = min(phase.start_on + dt.timedelta(offset), phase.end_on)
    if phase.status == "planned" or today < first:
        return None
    before = first - dt.timedelta(1)
    total = calendar.work_days_between(before, phase.end_on)
    if total <= 0:
        return 100
    return min(100, round(100 * calendar.work_days_between(before, min(today, phase.end_on)) / total))


class _Reader:
    """All rows of the matrix at once: the number of statements does not grow with the sectors."""

    def __init__(self, session: Session, plans: list[SectorPlan], phases: list[CampaignPhase], today: dt.date) -> None:
        self.calendar, self.today, self.phases = office(session), today, phases
        ids = [plan.id for plan in plans]
        columns = [getattr(CampaignTask, name) for name in FIGURED]
        tasks = session.execute(
            sa.select(*columns).where(CampaignTask.plan_id.in_(ids), CampaignTask.status != "voided")
        ).all()
        self.actual = actuals(session, tasks)
        self.tasks: dict[tuple[str, int], list[Any]] = defaultdict(list)
        for task in tasks:
            self.tasks[task.plan_id, task.phase_seq].append(task)
        self.reported = {
            (plan_id, seq): percent
            for plan_id, seq, percent in session.execute(
                sa.select(CampaignProgress.plan_id, CampaignProgress.phase_seq, CampaignProgress.percent)
                .where(CampaignProgress.plan_id.in_(ids), CampaignProgress.percent.is_not(None))
                .order_by(CampaignProgress.due_on)
            )
        }
        sectors = {s.code: s for s in session.scalars(sa.select(Sector))}
        leads = sa.select(Organisation).where(Organisation.id.in_({plan.lead_org_id for plan in plans}))
        self.leads = {org.id: org for org in session.scalars(leads)}
        self.sectors = sectors
        self.plans = sorted(plans, key=lambda plan: (sectors[plan.sector_code].position, plan.sector_code))

    def rows(self) -> list[SectorRow]:
        return [self._row(plan) for plan in self.plans]

    def _row(self, plan: SectorPlan) -> SectorRow:
        sector, lead = self.sectors[plan.sector_code], self.leads[plan.lead_org_id]
        return SectorRow(
            sector_code=plan.sector_code,
            sector_name=bilingual(sector.name, sector.name_en),
            plan_id=plan.id,
            plan_status=plan.status,
            plan_status_name=plan.status_name,
            lead_org_id=lead.id,
            lead_name=bilingual(lead.name, lead.name_en),
            cells=tuple(self._cell(plan, phase) for phase in self.phases),
        )

    def _cell(self, plan: SectorPlan, phase: CampaignPhase) -> Cell:
        tasks = self.tasks[plan.id, phase.seq]
        offset = plan.phase_offsets[phase.seq - 1] if len(plan.phase_offsets) >= phase.seq else 0
        expected = expected_share(self.calendar, phase, self.today, offset)
        percent = self._percent(plan, phase, tasks)
        left = sum(row.get("sector") == plan.sector_code for row in phase.leftovers)
        lag = max(0, (expected or 0) - (percent or 0)) if expected is not None else 0
        return Cell(
            sector_code=plan.sector_code,
            seq=phase.seq,
            state=self._state(phase, expected, percent, lag, left),
            percent=percent,
            expected=expected,
            lag=lag,
            done=sum(task.status == "done" for task in tasks),
            tasks=len(tasks),
            leftovers=left,
        )

    def _percent(self, plan: SectorPlan, phase: CampaignPhase, tasks: list[Any]) -> int | None:
        if tasks:
            return round(100 * sum(self.share(task) for task in tasks) / len(tasks))
        return self.reported.get((plan.id, phase.seq))

    def share(self, task: Any) -> float:
        if task.target:
            return min(1.0, self.actual[task.id] / float(task.target))
        return 1.0 if task.status == "done" else 0.0

    def _state(self, phase: CampaignPhase, expected: int | None, percent: int | None, lag: int, left: int) -> str:
        if phase.decided:
            return "red" if left else "done"
        if expected is None:
            return "none"
        if lag > FAR_BEHIND or (self.today > phase.end_on and (percent or 0) < 100):
            return "red"
        return "amber" if lag >= BEHIND else "green"

    def gate(self, phase: CampaignPhase, open_sectors: int) -> Gate:
        expected = expected_share(self.calendar, phase, self.today)
        return Gate(
            seq=phase.seq,
            name=phase.name,
            start_on=phase.start_on,
            end_on=phase.end_on,
            original_end_on=phase.original_end_on,
            assessed_on=self.calendar.add_work_days(phase.end_on, -ASSESSED_BEFORE),
            overlap=phase.overlap,
            status=phase.status,
            status_name=phase.status_name,
            expected=expected,
            days=(phase.end_on - self.today).days,
            days_to_start=(phase.start_on - self.today).days,
            state=self._gate_state(phase, expected),
            open_sectors=open_sectors,
        )

    def _gate_state(self, phase: CampaignPhase, expected: int | None) -> str:
        if phase.decided:
            return "done"
        if expected is None:
            return "none"
        if self.today > phase.end_on:
            return "red"
        return "amber" if self.calendar.work_days_between(self.today, phase.end_on) <= ASSESSED_BEFORE else "blue"
