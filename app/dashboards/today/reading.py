"""Today (今日) of a leader: one sentence, the key figures, what needs looking into, campaigns, own instructions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import metrics
from app.calendars import DeadlineView, answered_text, deadline_view, office
from app.campaigns import queries as campaigns
from app.campaigns.matrix import Gate, Matrix
from app.campaigns.models import Campaign
from app.clock import local
from app.dashboards.today.asks import Ask, asks, open_items
from app.dashboards.wall import figures as counted
from app.dashboards.wall.figures import Sums
from app.dashboards.wall.reading import Late, Row, chosen, open_major, town_rows
from app.metrics import Question
from app.metrics.windows import midnight
from app.supervision.models import Instruction, SupervisionItem

_CAMPAIGNS, _TOWNS, _INSTRUCTIONS = 4, 6, 5


@dataclass(frozen=True)
class Running:
    """A campaign with the phase that runs, how far it is and how far it should be."""

    campaign: Campaign
    gate: Gate | None
    percent: int
    expected: int | None
    state: str
    behind: int  # sectors that are red in a phase


@dataclass(frozen=True)
class Mine:
    """An instruction of the person, and how its matter stands."""

    instruction: Instruction
    item: SupervisionItem
    deadline: DeadlineView


@dataclass(frozen=True)
class Today:
    now: dt.datetime
    asks: list[Ask]
    total: Sums
    found_today: int
    closed_today: int
    main: Running | None
    main_sums: Sums
    main_change: str
    on_time: metrics.Figure
    on_time_change: str
    items: tuple[int, int]
    major: tuple[Late, ...]
    campaigns: list[Running]
    towns: list[tuple[int, Row]]  # rank and town: the first and the last ones
    mine: list[Mine]
    month: tuple[int, int]  # instructions this month, and how many of them are done

    @property
    def red(self) -> int:
        return sum(ask.state == "red" for ask in self.asks)


def today(session: Session, user: Any, now: dt.datetime) -> Today:
    figures = counted.read(session, user, now)
    main, options = chosen(session, user, "")
    live = [found for key, _name in options[:_CAMPAIGNS] if (found := campaigns.find(session, key, user)) is not None]
    matrices = [(campaign, campaigns.matrix(campaign, user, now, session)) for campaign in live]
    running = [_running(campaign, matrix) for campaign, matrix in matrices]
    of_main = counted.read(session, user, now, main.id) if main else figures
    change = _change(of_main.of().rate, of_main.before(counted.this_week(now)))
    day = Question(kind="between", first=local(now).date(), last=local(now).date())
    catalogue = metrics.catalogue()
    on_time = metrics.figure(session, catalogue["hazards_on_time_rate"], user, Question(kind="month"), now)
    before = local(now).date().replace(day=1) - dt.timedelta(1)
    last = metrics.figure(session, catalogue["hazards_on_time_rate"], user, Question(kind="month", at=before), now)
    return Today(
        now=now,
        asks=asks(session, user, now, matrices),
        total=figures.of(),
        found_today=metrics.figure(session, catalogue["hazards_found"], user, day, now).count,
        closed_today=metrics.figure(session, catalogue["hazards_closed"], user, day, now).count,
        main=next((one for one in running if main and one.campaign.id == main.id), None),
        main_sums=of_main.of(),
        main_change=change,
        on_time=on_time,
        on_time_change=_change(_decimal(on_time.value), _decimal(last.value)),
        items=open_items(session, user, now),
        major=open_major(session, user, now, _TOWNS),
        campaigns=running,
        towns=_ends(town_rows(session, user, figures)),
        **_instructions(session, user, now),
    )


def _ends(rows: tuple[Row, ...]) -> list[tuple[int, Row]]:
    ranked = list(enumerate(rows, 1))
    return ranked if len(ranked) <= _TOWNS else [*ranked[: _TOWNS // 2], *ranked[-_TOWNS // 2 :]]


def _running(campaign: Campaign, matrix: Matrix) -> Running:
    """The phase whose gate comes next; its progress is the mean of the sectors'."""
    gate = next((one for one in matrix.gates if one.state not in ("done", "none")), None)
    cells = [row.cells[gate.seq - 1] for row in matrix.rows] if gate else []
    percent = round(sum(cell.percent or 0 for cell in cells) / len(cells)) if cells else 0
    states = [cell.state for cell in cells]
    state = "red" if gate and gate.state == "red" else "amber" if "amber" in states or "red" in states else "green"
    behind = sum(any(cell.state == "red" for cell in row.cells) for row in matrix.rows)
    return Running(campaign, gate, percent, gate.expected if gate else None, state if gate else "none", behind)


def _instructions(session: Session, user: Any, now: dt.datetime) -> dict[str, Any]:
    own = sa.select(Instruction, SupervisionItem).join(SupervisionItem, SupervisionItem.id == Instruction.item_id)
    own = own.where(Instruction.leader_id == user.id).order_by(Instruction.at.desc())
    calendar, month = office(session), midnight(local(now).date().replace(day=1))
    shown = [
        Mine(said, item, _deadline(calendar, item, now)) for said, item in session.execute(own.limit(_INSTRUCTIONS))
    ]
    ended = sa.func.coalesce(sa.func.sum(sa.case((SupervisionItem.status == "ended", 1), else_=0)), 0)
    counts = sa.select(sa.func.count(), ended).select_from(Instruction)
    counts = counts.join(SupervisionItem, SupervisionItem.id == Instruction.item_id)
    row = session.execute(counts.where(Instruction.leader_id == user.id, Instruction.at >= month)).one()
    return {"mine": shown, "month": (int(row[0]), int(row[1]))}


def _deadline(calendar: Any, item: SupervisionItem, now: dt.datetime) -> DeadlineView:
    view = deadline_view(
        calendar,
        now,
        due_at=item.due_at,
        amber_at=item.amber_at,
        started_at=item.issued_at,
        finished_at=item.ended_at or item.finished_at,
        paused_at=item.paused_at,
        pause_reason=item.pause_reason,
    )
    if item.status == "reviewing" and item.due_at is not None and item.finished_at is not None:
        return replace(view, text=answered_text(item.due_at, item.finished_at))
    return view


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _change(now: Decimal | None, before: Decimal | None) -> str:
    """+0.8 points; nothing where there is nothing to compare with."""
    return "" if now is None or before is None else f"{now - before:+.1f}"
