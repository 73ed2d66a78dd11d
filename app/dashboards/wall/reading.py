"""The wall (挂图作战) of one campaign, or of everything where there is none: what its page, screen and file show."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Sector, scope_condition, sectors, town_options
from app.calendars import DeadlineView, Office, answered_text, deadline_view, office
from app.campaigns import queries as campaigns
from app.campaigns.figures import actuals
from app.campaigns.matrix import BEHIND, FAR_BEHIND, Cell, Gate, Matrix
from app.campaigns.models import Campaign
from app.clock import local
from app.dashboards.wall import figures as counted
from app.dashboards.wall.figures import Figures, Sums
from app.dashboards.wall.trend import Trend, trend
from app.engine import HumanTask
from app.hazards import OPEN, Hazard
from app.hazards import queries as hazards
from app.i18n import bilingual
from app.subjects import Subject

BY = ("sector", "town")


@dataclass(frozen=True)
class Row:
    """A sector or a town with its cells and sums."""

    key: str
    name: str
    sub: str  # the lead department
    plan_id: str
    cells: tuple[Any, ...]  # Cell for phases, TownCell for sectors
    sums: Sums


@dataclass(frozen=True)
class TownCell:
    """A town in a sector: how far its tasks are beside what is expected, else how much of its hazards is closed out."""

    sector: str
    state: str  # green, amber, red, none
    percent: int | None
    expected: int | None
    sums: Sums


@dataclass(frozen=True)
class Late:
    """A hazard past its last day, and who has it."""

    hazard: Hazard
    deadline: DeadlineView
    subject: str
    org: str
    holder: str


@dataclass(frozen=True)
class Bar:
    """A phase on the campaign's time line, in per cent of it."""

    gate: Gate
    start: float
    width: float
    was_end: float | None  # where it was to end before it was extended


@dataclass(frozen=True)
class Wall:
    campaign: Campaign | None
    others: tuple[tuple[str, str], ...]  # campaigns to choose from
    by: str
    matrix: Matrix | None
    heads: tuple[tuple[str, str], ...]  # columns of the towns' view
    rows: tuple[Row, ...]
    towns: tuple[Row, ...]
    total: Sums
    last_week: Any  # the rate when this week began
    week_found: int
    week_closed: int
    late: tuple[Late, ...]
    trend: Trend
    bars: tuple[Bar, ...]
    today_at: float | None  # on the time line
    days: tuple[int, int]
    now: dt.datetime

    @property
    def rate_change(self) -> str:
        """+0.8: points since the week began; nothing where one of the two rates is none."""
        if self.total.rate is None or self.last_week is None:
            return ""
        return f"{self.total.rate - self.last_week:+.1f}"


def chosen(session: Session, user: Any, campaign_id: str) -> tuple[Campaign | None, tuple[tuple[str, str], ...]]:
    """The campaign asked for (NotFound if it may not be seen) or the most important running one; and all to choose."""
    live = session.scalars(campaigns.campaigns(user, {"status": "running"})).all()
    order = {"overall": 0, "annual": 1, "monthly": 2, "minor": 3, "special_period": 4}
    running = sorted(live, key=lambda one: (order.get(one.scale, 9), one.start_on))
    options = tuple((one.id, one.name) for one in running)
    if campaign_id == "all":
        return None, options
    if not campaign_id:
        return (running[0] if running else None), options
    if (found := next((one for one in running if one.id == campaign_id), None)) is not None:
        return found, options
    found = campaigns.get(session, campaign_id, user)
    return found, (*options, (found.id, found.name))


def wall(
    session: Session,
    user: Any,
    now: dt.datetime,
    campaign_id: str = "",
    by: str = "sector",
    *,
    late: int = 7,
    drawing: tuple[int, int, int] = (400, 230, 16),
) -> Wall:
    campaign, options = chosen(session, user, campaign_id)
    figures = counted.read(session, user, now, campaign.id if campaign else None)
    matrix = campaigns.matrix(campaign, user, now, session) if campaign else None
    week = counted.this_week(now)
    names = _Names(sectors(session), town_options(session))
    heads = _heads(names, figures, matrix)
    progress = _progress(session, user, campaign, matrix)
    towns = _town_rows(names, heads if by == "town" else (), progress, figures)
    return Wall(
        campaign=campaign,
        others=options,
        by=by,
        matrix=matrix,
        heads=heads,
        rows=towns if by == "town" else _sector_rows(session, names, matrix, figures),
        towns=_ranked(towns),
        total=figures.of(),
        last_week=figures.before(week),
        week_found=figures.found.get(week, 0),
        week_closed=figures.closed.get(week, 0),
        late=late_hazards(session, user, now, campaign, late),
        trend=trend(figures, week, campaign.start_on if campaign else None, _gate_days(matrix), drawing),
        bars=_bars(campaign, matrix),
        today_at=_today_at(campaign, local(now).date()),
        days=campaigns.days_of(campaign, local(now).date()) if campaign else (0, 0),
        now=now,
    )


@dataclass(frozen=True)
class _Names:
    """What sectors and towns are called, read once for a wall."""

    sectors: Sequence[Sector]
    towns: Sequence[tuple[str, str]]


def _sector_rows(session: Session, names: _Names, matrix: Matrix | None, figures: Figures) -> tuple[Row, ...]:
    """The campaign's sectors in the office's order; sectors without a plan follow where something was counted."""
    leads = {org.id: org for org in session.scalars(sa.select(Organisation).where(Organisation.kind == "sector_dept"))}
    rows, planned = [], set[str]()
    for one in matrix.rows if matrix else ():
        sums, lead = figures.of(sector=one.sector_code), _called(leads.get(one.lead_org_id)) or one.lead_name
        rows.append(Row(one.sector_code, one.sector_name, lead, one.plan_id, one.cells, sums))
        planned.add(one.sector_code)
    for sector in names.sectors:
        if sector.code in figures.sectors - planned:
            name, lead = bilingual(sector.name, sector.name_en), _called(leads.get(sector.lead_org_id or ""))
            rows.append(Row(sector.code, name, lead, "", (), figures.of(sector=sector.code)))
    return tuple(rows)


def _called(org: Organisation | None) -> str:
    return bilingual(org.short_name or org.name, org.name_en) if org else ""


def _heads(names: _Names, figures: Figures, matrix: Matrix | None) -> tuple[tuple[str, str], ...]:
    used = figures.sectors | {row.sector_code for row in (matrix.rows if matrix else ())}
    return tuple((one.code, bilingual(one.name, one.name_en)) for one in names.sectors if one.code in used)


def _town_rows(
    names: _Names,
    heads: Sequence[tuple[str, str]],
    progress: Mapping[tuple[str, str], tuple[int, int]],
    figures: Figures,
) -> tuple[Row, ...]:
    """Towns with tasks or records, with a cell for each of `heads`; then what was found in the city, in no town."""
    known = {town for town, _sector in progress} | figures.towns
    towns = [(code, name) for code, name in names.towns if code in known]
    elsewhere = figures.towns - {code for code, _name in names.towns}
    return tuple(
        Row(code, name, "", "", tuple(_town_cell(code, sector, progress, figures) for sector, _name in heads),
            figures.of(town=code))
        for code, name in [*towns, *((code, "") for code in sorted(elsewhere))]
    )  # fmt: skip


def _town_cell(town: str, sector: str, progress: Mapping[Any, tuple[int, int]], figures: Figures) -> TownCell:
    sums = figures.cells.get((sector, town)) or Sums()
    percent, expected = progress.get((town, sector), (None, None))
    if percent is None:
        rate = sums.rate
        state = "none" if rate is None else "red" if sums.overdue else "green"
        return TownCell(sector, state, None if rate is None else int(rate), None, sums)
    lag = (expected or 0) - percent
    state = "red" if lag > FAR_BEHIND else "amber" if lag >= BEHIND else "green"
    return TownCell(sector, state, percent, expected, sums)


def _progress(
    session: Session, user: Any, campaign: Campaign | None, matrix: Matrix | None
) -> dict[tuple[str, str], tuple[int, int]]:
    """(town, sector) → mean share of its tasks in phases that have begun, and what is expected of them today."""
    if campaign is None or matrix is None:
        return {}
    expected = {gate.seq: gate.expected for gate in matrix.gates}
    begun = [seq for seq, share in expected.items() if share is not None]
    tasks = campaigns.task_figures(session, user, campaign.id, begun)
    actual = actuals(session, tasks)
    shares: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for task in tasks:
        done = min(1.0, actual[task.id] / task.target) if task.target else float(task.status == "done")
        shares[task.region_code[:9] + "000", task.sector_code].append((done, expected[task.phase_seq] or 0))
    return {
        key: (round(100 * sum(d for d, _e in rows) / len(rows)), round(sum(e for _d, e in rows) / len(rows)))
        for key, rows in shares.items()
    }


def town_rows(session: Session, user: Any, figures: Figures) -> tuple[Row, ...]:
    """Towns by rectification, over everything that was counted."""
    return _ranked(_town_rows(_Names((), town_options(session)), (), {}, figures))


def _ranked(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Towns by rectification, then timeliness; those without hazards last. The assessed ranking is another thing."""
    named = [row for row in rows if row.name]
    return tuple(
        sorted(
            named, key=lambda row: (row.sums.rate is None, -(row.sums.rate or 0), -(row.sums.timeliness or 0), row.key)
        )
    )


def late_hazards(
    session: Session, user: Any, now: dt.datetime, campaign: Campaign | None, limit: int, *, major: bool = False
) -> tuple[Late, ...]:
    """Hazards past their last day: major ones first, then those overdue for longest."""
    select = sa.select(Hazard).where(hazards.overdue(now))
    if major:
        select = select.where(Hazard.grade == "major")
    if campaign is not None:
        select = select.where(Hazard.campaign_id == campaign.id)
    minor = sa.case((Hazard.grade == "major", 0), else_=1)
    return _listed(session, user, now, select.order_by(minor, Hazard.due_at, Hazard.id).limit(limit))


def open_major(session: Session, user: Any, now: dt.datetime, limit: int) -> tuple[Late, ...]:
    """Major hazards that are not closed out, the earliest last day first."""
    select = sa.select(Hazard).where(Hazard.grade == "major", Hazard.status.in_(OPEN))
    return _listed(session, user, now, select.order_by(Hazard.due_at.is_(None), Hazard.due_at, Hazard.id).limit(limit))


def _listed(session: Session, user: Any, now: dt.datetime, select: sa.Select[Any]) -> tuple[Late, ...]:
    if user is not None:
        select = select.where(scope_condition(Hazard, user))
    rows = list(session.scalars(select))
    if not rows:
        return ()
    subjects = sa.select(Subject.id, Subject.name).where(Subject.id.in_({row.subject_id for row in rows}))
    offices = {row.responsible_org_id or row.supervising_org_id or "" for row in rows}
    orgs = session.scalars(sa.select(Organisation).where(Organisation.id.in_(offices)))
    names = {key: name for key, name in session.execute(subjects)}, {org.id: org for org in orgs}
    holders, calendar = _holders(session, rows), office(session)
    return tuple(_one_late(calendar, row, *names, holders.get(row.instance_id, ""), now) for row in rows)


def _holders(session: Session, rows: Sequence[Hazard]) -> dict[str, str]:
    """Instance → who holds its open task; of several the one that has been open for longest."""
    ids = [row.instance_id for row in rows]
    held = sa.select(HumanTask.instance_id, HumanTask.assignee_name).where(
        HumanTask.instance_id.in_(ids), HumanTask.status == "open", HumanTask.assignee_name != ""
    )
    found = session.execute(held.order_by(HumanTask.created_at.desc()))
    return {instance_id: name for instance_id, name in found}


def _one_late(
    calendar: Office,
    row: Hazard,
    subjects: Mapping[str, str],
    orgs: Mapping[str, Organisation],
    holder: str,
    now: dt.datetime,
) -> Late:
    org = orgs.get(row.responsible_org_id or row.supervising_org_id or "")
    view = deadline_view(
        calendar,
        now,
        due_at=row.due_at,
        amber_at=row.amber_at,
        started_at=row.ordered_at,
        original_due_at=row.original_due_at,
        finished_at=row.finished_at,
        paused_at=row.paused_at if row.finished_at is None else None,
        pause_reason=row.pause_reason,
    )
    if row.due_at is not None and row.finished_at is not None:
        view = replace(view, text=answered_text(row.due_at, row.finished_at))
    return Late(row, view, subjects[row.subject_id], _called(org), holder)


def _gate_days(matrix: Matrix | None) -> list[tuple[dt.date, str]]:
    return [(gate.end_on, gate.name) for gate in (matrix.gates if matrix else ())]


def _bars(campaign: Campaign | None, matrix: Matrix | None) -> tuple[Bar, ...]:
    if campaign is None or matrix is None:
        return ()
    return tuple(
        Bar(
            gate,
            _at(campaign, gate.start_on),
            _at(campaign, gate.end_on + dt.timedelta(1)) - _at(campaign, gate.start_on),
            _at(campaign, gate.original_end_on + dt.timedelta(1)) if gate.original_end_on != gate.end_on else None,
        )
        for gate in matrix.gates
    )


def _at(campaign: Campaign, day: dt.date) -> float:
    total = (campaign.end_on - campaign.start_on).days + 1
    return round(max(0.0, min(100.0, 100 * (day - campaign.start_on).days / total)), 2)


def _today_at(campaign: Campaign | None, today: dt.date) -> float | None:
    if campaign is None or not campaign.start_on <= today <= campaign.end_on:
        return None
    return _at(campaign, today)


__all__ = ["BY", "Bar", "Cell", "Late", "Row", "TownCell", "Wall", "chosen", "wall"]
