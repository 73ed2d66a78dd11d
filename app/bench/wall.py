"""The wall over half a million hazards: how long its page takes for whom, and whether any plan reads every hazard."""

from __future__ import annotations

import datetime as dt
import json
import random
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import sqlalchemy as sa

from app.accounts import User
from app.bench.measure import Figure, Sample
from app.bench.stage import Stage
from app.campaigns.models import Campaign, CampaignPhase, CampaignTask, SectorPlan
from app.clock import local
from app.dashboards import wall as walls
from app.db import new_id, write_transaction
from app.demo.offices import CITY, SECTORS, TOWNS, town_code, village_code
from app.demo.population import Population, populate
from app.hazards import Hazard
from app.hazards.tally import fold, rebuild

LIMIT = 300.0  # milliseconds
_BATCH, _LOOKS = 5_000, 15
_OPEN = 14  # one hazard in so many is still open
WHO = {"leader": "linhaifeng", "department": "zhaomingyuan", "town": "sunqiang"}


def wall(stage: Stage, count: int) -> list[Figure]:
    """The page of who sees the whole city, a department's and a town's are all held to the limit."""
    population = populate(stage.app, stage.engine.clock.now(), size=1)
    campaign_id = _campaign(stage, population, count)
    _settle(stage)
    pages = [figure for who, name in WHO.items() for figure in _page(stage, population, who, name, campaign_id, count)]
    return [*pages, *_plans(stage, population, campaign_id)]


def _campaign(stage: Stage, population: Population, count: int) -> str:
    """One campaign over all sectors, its tasks, and the hazards found under it, written straight into their tables."""
    now, chance = stage.engine.clock.now(), random.Random(count)
    today, campaign_id = local(now).date(), new_id()
    first = today - dt.timedelta(weeks=11)
    with stage.engine.sessions() as session, write_transaction(session):
        session.add(
            Campaign(
                id=campaign_id, code="ZX-BENCH-001", instance_id=new_id(), name="测速专项行动", scale="overall",
                status="running", region_code=CITY[0], owner_org_id=population.orgs["awb"], start_on=first,
                end_on=first + dt.timedelta(weeks=24), original_end_on=first + dt.timedelta(weeks=24), drafted_at=now,
            )
        )  # fmt: skip
        session.flush()
        for seq, name in enumerate(("排查攻坚", "全面整治", "总结验收"), 1):
            begin, end = first + dt.timedelta(weeks=8 * (seq - 1)), first + dt.timedelta(weeks=8 * seq, days=-1)
            session.add(
                CampaignPhase(
                    campaign_id=campaign_id, seq=seq, name=name, start_on=begin, end_on=end, original_start_on=begin,
                    original_end_on=end, status="running" if begin <= today else "planned",
                )
            )  # fmt: skip
        plans = _plans_of(session, population, campaign_id, today, now)
    (_insert if stage.is_sqlite else _copy)(stage, _hazards(population, plans, campaign_id, first, now, chance, count))
    with stage.engine.sessions() as session, write_transaction(session):
        rebuild(session)
    while True:
        with stage.engine.sessions() as session, write_transaction(session):
            if not fold(session):
                return campaign_id


def _plans_of(
    session: Any, population: Population, campaign_id: str, today: dt.date, now: dt.datetime
) -> dict[str, str]:
    """Sector → its plan, with one task a town."""
    plans = {}
    for sector, _name, _english, lead in SECTORS:
        plan = SectorPlan(
            campaign_id=campaign_id, sector_code=sector, region_code=CITY[0], lead_org_id=population.orgs[lead],
            status="running",
        )  # fmt: skip
        session.add(plan)
        session.flush()
        plans[sector] = plan.id
        for index in range(len(TOWNS)):
            session.add(
                CampaignTask(
                    campaign_id=campaign_id, plan_id=plan.id, seq=index + 1, phase_seq=1, sector_code=sector,
                    region_code=town_code(index), lead_org_id=plan.lead_org_id, org_id=plan.lead_org_id,
                    title="排查", due_on=today, due_at=now, target=100, actual=index * 10,
                )
            )  # fmt: skip
    return plans


def _hazards(
    population: Population, plans: dict[str, str], campaign_id: str, first: dt.date, now: dt.datetime,
    chance: random.Random, count: int,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Found evenly over eleven weeks; most are closed out within two, one in fourteen is open, few of these late."""
    sectors, subject_id = list(plans), population.subjects[0][0]
    lead = {sector: population.orgs[office] for sector, _name, _english, office in SECTORS}
    regions = [village_code(i, n) for i, (_t, _e, villages) in enumerate(TOWNS) for n in range(len(villages))]
    begin = now - dt.timedelta(days=(local(now).date() - first).days)
    for number in range(count):
        sector, found = sectors[number % len(sectors)], begin + dt.timedelta(days=chance.uniform(0, 76))
        closed = number % _OPEN != 0
        due = found + dt.timedelta(days=15)
        if not closed and number % (_OPEN * 100):
            due = now + dt.timedelta(days=chance.uniform(1, 15))
        ended = min(found + dt.timedelta(days=chance.uniform(1, 17)), now)
        yield {
            "id": new_id(), "number": f"YH-B-{number}", "instance_id": new_id(), "subject_id": subject_id,
            "status": "closed" if closed else "rectifying", "summary": "安全出口上锁", "description": "", "location": "",
            "category": "object", "source": "campaign", "external_no": "", "region_code": chance.choice(regions),
            "sector_code": sector, "supervising_org_id": lead[sector], "found_at": found, "found_by": "",
            "photos_before": [], "registered_at": found, "registered_by_name": "", "grade": _grade(number),
            "grade_basis": "", "graded_by_name": "", "handled_by": "department", "requirements": [], "legal_basis": "",
            "due_at": due, "amber_at": due, "original_due_at": found + dt.timedelta(days=15), "extensions": 0,
            "pause_reason": "", "round": 1, "submitted_at": ended if closed else None,
            "closed_at": ended if closed else None, "closed_by_name": "", "campaign_id": campaign_id,
            "plan_id": plans[sector], "void_reason": "", "search_text": "", "updated_at": found,
        }  # fmt: skip


def _grade(number: int) -> str:
    return "major" if number % 1000 == 0 else "general"


def _insert(stage: Stage, rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    with stage.engine.sessions() as session:
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                session.execute(sa.insert(Hazard.__table__), batch)
                batch.clear()
        if batch:
            session.execute(sa.insert(Hazard.__table__), batch)
        session.commit()


def _copy(stage: Stage, rows: Iterator[dict[str, Any]]) -> None:
    """As a stream: with statements it takes longer to fill the table than to measure."""
    first = next(rows)
    columns = ", ".join(f'"{name}"' for name in first)
    with stage.engine.sessions.kw["bind"].begin() as connection:
        cursor = connection.connection.driver_connection.cursor()
        with cursor, cursor.copy(f"COPY hazard ({columns}) FROM STDIN") as stream:
            for row in chain([first], rows):
                stream.write_row([json.dumps(one) if isinstance(one, list) else one for one in row.values()])


def _settle(stage: Stage) -> None:
    """What autovacuum does within minutes: statistics, and what is visible to all."""
    bind = stage.engine.sessions.kw["bind"]
    with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE" if stage.is_sqlite else "VACUUM (ANALYZE) hazard"))
        if not stage.is_sqlite:
            connection.execute(sa.text("VACUUM (ANALYZE) hazard_tally"))


def _page(stage: Stage, population: Population, who: str, name: str, campaign_id: str, count: int) -> list[Figure]:
    """A whole page in this process; beside it what it costs this process's processor, and waits for the database."""
    token = stage.token(population.people[name])
    sample, client = Sample(f"page of a {who}, {count:,} hazards"), stage.app.test_client()
    processor, database = Sample(f"{sample.name}, processor"), Sample(f"{sample.name}, database")
    bind = stage.engine.sessions.kw["bind"]

    began = 0.0

    def before(*_event: Any) -> None:
        nonlocal began
        began = time.perf_counter()

    def after(*_event: Any) -> None:
        database.seconds[-1] += time.perf_counter() - began

    sa.event.listen(bind, "before_cursor_execute", before)
    sa.event.listen(bind, "after_cursor_execute", after)
    for number in range(_LOOKS + 2):
        database.seconds.append(0.0)
        used = time.process_time()
        with stage.app.app_context(), Sample("warm").time() if number < 2 else sample.time():
            answer = client.get(f"/wall?campaign={campaign_id}", headers={"Authorization": f"Bearer {token}"})
        processor.seconds.append(time.process_time() - used)
        if answer.status_code != 200:
            raise RuntimeError(f"the wall answered {answer.status_code}")
    sa.event.remove(bind, "before_cursor_execute", before)
    sa.event.remove(bind, "after_cursor_execute", after)
    found = [Figure("wall", sample.name, sample.median, "ms", limit=LIMIT)]
    return found + [Figure("wall", one.name, one.median, "ms") for one in (processor, database)]


def _plans(stage: Stage, population: Population, campaign_id: str) -> list[Figure]:
    """The statements of a leader's wall, explained: how many of their plans read the whole table of hazards."""
    statements: list[tuple[str, Any]] = []
    bind = stage.engine.sessions.kw["bind"]

    def heard(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            statements.append((statement, parameters))

    with stage.app.app_context(), stage.engine.sessions() as session:
        user = session.get_one(User, population.people[WHO["leader"]].id)
        sa.event.listen(bind, "before_cursor_execute", heard)
        walls.wall(session, user, stage.engine.clock.now(), campaign_id)
        sa.event.remove(bind, "before_cursor_execute", heard)
    full = 0
    with bind.connect() as connection:
        for statement, parameters in statements:
            explained = "EXPLAIN QUERY PLAN " if stage.is_sqlite else "EXPLAIN "
            rows = connection.exec_driver_sql(explained + statement, parameters).all()
            text = "\n".join(str(row[-1]) for row in rows)
            full += _reads_all(text)
    return [
        Figure("wall", "statements of a leader's wall", float(len(statements)), ""),
        Figure("wall", "of these, plans that read every hazard", float(full), "", limit=0),
    ]


def _reads_all(plan: str) -> bool:
    lines = [line.strip() for line in plan.splitlines()]
    return any(line.endswith("SCAN hazard") or "Seq Scan on hazard " in f"{line} " for line in lines)
