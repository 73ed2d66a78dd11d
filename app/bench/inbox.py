"""The inbox of somebody with 20 and with 2,000 open tasks; with `--large` in a city with millions of tasks."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from app.accounts import Grant, Organisation, User
from app.audit import Actor
from app.bench import served
from app.bench.measure import Figure, Sample, of
from app.bench.stage import Stage
from app.db import new_id, write_transaction
from app.engine import HumanTask, Instance

FEW, MANY = 20, 2000
OPEN_TASKS, DONE_TASKS = 1_000_000, 5_000_000
_BATCH = 10_000


def inbox(stage: Stage, count: int, *, large: bool = False) -> list[Figure]:
    """First page with counts, over HTTP; and the ratio of many to few."""
    few, many = stage.people[0], stage.people[1]
    stage.start("errand", FEW + MANY)
    tasks = stage.open_tasks("act")
    for task_id in tasks[:FEW]:
        stage.engine.claim(task_id, by=few)
    for task_id in tasks[FEW:]:
        stage.engine.claim(task_id, by=many)
    tokens = {person.id: stage.token(person) for person in (few, many)}
    found: list[Figure] = []
    with served.server(stage) as port:
        small = _lists(served.Client(port, tokens[few.id]), f"first page with {FEW} open", count)
        big = _lists(served.Client(port, tokens[many.id]), f"first page with {MANY:,} open", count)
        found += [*of("inbox", small), *of("inbox", big)]
        found.append(Figure("inbox", f"{MANY:,} ÷ {FEW} open", big.median / small.median, "×", limit=1.5))
    if large:
        found += _large(stage, count)
    return found


def _lists(client: served.Client, name: str, count: int) -> Sample:
    sample = Sample(name)
    for number in range(count + 5):
        with Sample("warm").time() if number < 5 else sample.time():
            status, _body = client.call("GET", "/tasks?box=todo&per_page=20")
        if status != 200:
            raise RuntimeError(f"the inbox answered {status}")
    return sample


def _large(stage: Stage, count: int) -> list[Figure]:
    """Rows of a city of years, written straight into the projections: what lists and counts read."""
    crowd = _crowd(stage)
    _fill(stage, crowd, OPEN_TASKS, open_=True)
    _fill(stage, crowd, DONE_TASKS, open_=False)
    with stage.engine.sessions() as session:
        session.execute(sa.text("ANALYZE"))
        session.commit()
    token = stage.token(crowd[0])
    found: list[Figure] = []
    with served.server(stage) as port:
        client = served.Client(port, token)
        for box in ("todo", "claimable"):
            sample = Sample(f"{box} among {OPEN_TASKS:,} open and {DONE_TASKS:,} done")
            for number in range(count + 3):
                with Sample("warm").time() if number < 3 else sample.time():
                    status, _body = client.call("GET", f"/tasks?box={box}&per_page=20")
                if status != 200:
                    raise RuntimeError(f"the inbox answered {status}")
            found += of("inbox", sample)
    return found


def _crowd(stage: Stage, offices: int = 50, staff: int = 20) -> list[Actor]:
    """A thousand people in fifty offices."""
    found: list[Actor] = []
    now = stage.engine.clock.now()
    with stage.engine.sessions() as session, write_transaction(session):
        for number in range(offices):
            office = Organisation(
                code=f"B{number}", name=f"测速{number}科", short_name=f"{number}科", kind="sector_dept"
            )
            session.add(office)
            session.flush()
            for one in range(staff):
                user = User(
                    username=f"crowd{number}x{one}",
                    name=f"科员{number}-{one}",
                    org_id=office.id,
                    active=True,
                    created_at=now,
                )
                session.add(user)
                session.flush()
                session.add(Grant(user_id=user.id, role="dept_staff", org_id=office.id))
                found.append(Actor(user.id, user.name, office.id, office.short_name))
    return found


def _fill(stage: Stage, crowd: list[Actor], count: int, *, open_: bool) -> None:
    instance_id = stage.start("errand", 1)[0]
    with stage.engine.sessions() as session:
        pattern = session.execute(sa.select(HumanTask.__table__).where(HumanTask.instance_id == instance_id)).mappings()
        row = dict(next(iter(pattern)))
        instance = dict(
            session.execute(sa.select(Instance.__table__).where(Instance.id == instance_id)).mappings().one()
        )
    instance["state"] = b""  # never restored: these rows are only listed
    chance = random.Random(count)
    for batch in _batches(count):
        with stage.engine.sessions() as session, write_transaction(session):
            ids = [new_id() for _ in range(max(1, batch // 10))]
            session.execute(
                sa.insert(Instance.__table__),
                [instance | {"id": one, "status": "running" if open_ else "ended"} for one in ids],
            )
            session.execute(
                sa.insert(HumanTask.__table__),
                [_task(row, chance.choice(ids), chance.choice(crowd), chance, open_=open_) for _ in range(batch)],
            )


def _batches(count: int) -> Iterator[int]:
    while count > 0:
        yield min(_BATCH, count)
        count -= _BATCH


def _task(row: dict[str, Any], instance_id: str, who: Actor, chance: random.Random, *, open_: bool) -> dict[str, Any]:
    due = row["created_at"] + dt.timedelta(hours=chance.uniform(-500, 900))
    values: dict[str, Any] = {
        "id": new_id(),
        "instance_id": instance_id,
        "spiff_task_id": new_id(),
        "org_id": who.org_id,
        "due_at": due,
        "amber_at": due - dt.timedelta(hours=10),
    }
    if not open_:
        values |= {"status": "done", "assignee_id": who.id, "completed_by_id": who.id, "completed_at": due}
    elif chance.random() < 0.5:
        values |= {"assignee_id": who.id, "assignee_name": who.name, "claimed_at": row["created_at"]}
    return row | values
