"""Taking over a hazard ledger from Excel, each row a running process."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import time

import sqlalchemy as sa
from openpyxl import Workbook

from app.audit import SYSTEM
from app.bench.measure import Figure
from app.bench.stage import Stage
from app.clock import local
from app.db import write_transaction
from app.demo.population import Population, populate
from app.hazards.ledger import HazardImport, applying
from app.hazards.ledger.planning import plan
from app.hazards.models import Hazard

_HEAD = ("企业名称", "统一社会信用代码", "镇街", "领域", "隐患描述", "检查日期", "整改期限", "整改状态")


def ledger(stage: Stage, count: int) -> list[Figure]:
    """Reading and planning, then registering; rows a second."""
    engine, clock = stage.engine, stage.engine.clock
    population = populate(stage.app, clock.now(), size=1)
    today = local(clock.now()).date()
    content = _workbook(population, count, today)
    began = time.perf_counter()
    with engine.sessions() as session:
        found = plan(session, content, user=None, today=today)
    planned = time.perf_counter() - began
    if found.counts["new"] != count:
        raise RuntimeError(f"of {count} rows only {found.counts['new']} can be registered: {found.counts}")
    with engine.sessions() as session, write_transaction(session):
        digest = hashlib.sha256(content).hexdigest()
        kept = applying.keep(
            session, found, file_name="bench.xlsx", sha256=digest, user=None, by=SYSTEM, now=clock.now()
        )
        applying.confirm(session, session.get_one(HazardImport, kept), by=SYSTEM, now=clock.now())
    began = time.perf_counter()
    applying.work(applying.Surroundings(engine.sessions, engine, clock), kept, by=SYSTEM)
    took = time.perf_counter() - began
    with engine.sessions() as session:
        registered = session.scalar(sa.select(sa.func.count()).select_from(Hazard)) or 0
    if registered != count:
        raise RuntimeError(f"of {count} rows {registered} were registered")
    return [
        Figure("import", f"{count:,} rows: read and planned", count / planned, "/s"),
        Figure("import", f"{count:,} rows: registered, each a process", count / took, "/s"),
    ]


def _workbook(population: Population, count: int, today: dt.date) -> bytes:
    from app.demo.offices import SECTORS, TOWNS

    sectors = {code: name for code, name, *_rest in SECTORS}
    book = Workbook(write_only=True)
    sheet = book.create_sheet("隐患台账")
    sheet.append(list(_HEAD))
    firms = [firm for _id, firm in population.subjects]
    for number in range(count):
        firm = firms[number % len(firms)]
        sheet.append([
            firm.name, firm.code, TOWNS[firm.town][0], sectors[firm.sector], f"第{number + 1}处配电箱未上锁、无警示标志",
            (today - dt.timedelta(days=3)).isoformat(), (today + dt.timedelta(days=12)).isoformat(), "整改中",
        ])  # fmt: skip
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
