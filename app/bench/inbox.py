"""The inbox of somebody with 20 and with 2,000 open tasks; with `--large` in a city with millions of tasks."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from app.accounts import Grant, Organisation, User
from app.audit import Actor
from app.bench import served
from app.bench.measure import Figure, Sample, of
from app.bench.stage import Stage
from app.db import new_id, write_transaction
from app.engine import HumanTask, Instance, Participant

FEW, MANY = 20, 2000
OPEN_TASKS, DONE_TASKS = 1_000_000, 5_000_000
_BATCH = 10_000
PAGES = ("/tasks", "/tasks?box=claimable", "/tasks?box=started", "/tasks?box=done", "/api/v1/instances?per_page=20")
MOST_STATEMENTS = 40  # of one page


def inbox(stage: Stage, count: int, *, large: bool = False) -> list[Figure]:
    """First page with counts, over HTTP, of what one holds and of what one may take; and the ratio of many to few."""
    few, many = stage.people[0], stage.people[1]
    stage.start("errand", FEW + MANY)
    tasks = stage.open_tasks("act")
    for task_id in tasks[:FEW]:
        stage.engine.claim(task_id, by=few)
    for task_id in tasks[FEW:]:
        stage.engine.claim(task_id, by=many)
    calm, busy = _crowd(stage, "P", offices=2, staff=1)
    _fill(stage, [calm], FEW, kind="free")
    _fill(stage, [busy], MANY, kind="free")
    found: list[Figure] = []
    with served.server(stage) as port:
        for box, (one, other) in {"todo": (few, many), "claimable": (calm, busy)}.items():
            clients = [served.Client(port, stage.token(person)) for person in (one, other)]
            small, big = Sample(f"{box}, first page with {FEW}"), Sample(f"{box}, first page with {MANY:,}")
            _in_turn(list(zip((small, big), clients, strict=True)), box, count)
            found += [*of("inbox", small), *of("inbox", big)]
            found.append(Figure("inbox", f"{box}, {MANY:,} ÷ {FEW}", big.median / small.median, "×", limit=1.5))
    if large:
        found += _large(stage, count)
    return found


def _lists(client: served.Client, box: str, name: str, count: int) -> Sample:
    sample = Sample(name)
    _in_turn([(sample, client)], box, count)
    return sample


def _in_turn(who: Sequence[tuple[Sample, served.Client]], box: str, count: int) -> None:
    """The same page again and again. Where two are compared they take turns: what else the machine does hits both."""
    for number in range(count + 5):
        for sample, client in who:
            with Sample("warm").time() if number < 5 else sample.time():
                status, _body = client.call("GET", f"/tasks?box={box}&per_page=20")
            if status != 200:
                raise RuntimeError(f"the inbox answered {status}")


def _large(stage: Stage, count: int) -> list[Figure]:
    """Rows of a city of years, written straight into the projections: what lists and counts read."""
    crowd = _crowd(stage)
    _fill(stage, crowd, OPEN_TASKS, kind="open")
    _fill(stage, crowd, DONE_TASKS, kind="done")
    offices = list(dict.fromkeys(one.org_id for one in crowd))
    who = {
        "clerk": crowd[0],
        "head of ten departments": _person(stage, "head", "dept_admin", offices[:10]),
        "city coordinator": _person(stage, "city", "coordinator", offices[:1]),
    }
    with stage.engine.sessions() as session:
        session.execute(sa.text("ANALYZE"))
        session.commit()
    found: list[Figure] = []
    with served.server(stage) as port:
        for name, person in who.items():
            token = stage.token(person)
            client = served.Client(port, token)
            for box in ("todo", "claimable"):
                found += of("inbox", _lists(client, box, f"{box} of a {name} among {OPEN_TASKS:,}", count))
            for path in PAGES:
                found += _page(stage, token, path, f"{path} of a {name}", count)
    return found


def _page(stage: Stage, token: str, path: str, name: str, count: int) -> list[Figure]:
    """A page as it is made in this process: how long, and how many statements it takes."""
    sample, statements = Sample(name), 0

    def counted(*_args: Any) -> None:
        nonlocal statements
        statements += 1

    client, bind = stage.app.test_client(), stage.engine.sessions.kw["bind"]

    def look() -> None:
        with stage.app.app_context():  # a request of its own: nobody is signed in yet
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    for number in range(count + 2):
        with Sample("warm").time() if number < 2 else sample.time():
            look()
    sa.event.listen(bind, "before_cursor_execute", counted)
    look()
    sa.event.remove(bind, "before_cursor_execute", counted)
    return [*of("inbox", sample), Figure("inbox", f"{name}, statements", float(statements), "", limit=MOST_STATEMENTS)]


def _person(stage: Stage, username: str, role: str, orgs: Sequence[str | None]) -> Actor:
    """Somebody who holds a role in several organisations."""
    with stage.engine.sessions() as session, write_transaction(session):
        home = session.get_one(Organisation, orgs[0])
        now = stage.engine.clock.now()
        user = User(username=username, name=username, org_id=home.id, active=True, created_at=now)
        session.add(user)
        session.flush()
        session.add_all(Grant(user_id=user.id, role=role, org_id=org_id) for org_id in orgs)
        return Actor(user.id, user.name, home.id, home.short_name)


def _crowd(stage: Stage, letter: str = "B", offices: int = 50, staff: int = 20) -> list[Actor]:
    """A thousand people in fifty offices."""
    found: list[Actor] = []
    now = stage.engine.clock.now()
    with stage.engine.sessions() as session, write_transaction(session):
        for number in range(offices):
            office = Organisation(
                code=f"{letter}{number}",
                name=f"测速{letter}{number}科",
                short_name=f"{letter}{number}科",
                kind="sector_dept",
            )
            session.add(office)
            session.flush()
            for one in range(staff):
                user = User(
                    username=f"crowd{letter}{number}x{one}".lower(),
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


def _fill(stage: Stage, crowd: list[Actor], count: int, *, kind: str) -> None:
    """Tasks of a kind: done, open (half of them held by somebody) or free; ten to an instance."""
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
        starters = {new_id(): chance.choice(crowd).id for _ in range(max(1, batch // 10))}
        ids = list(starters)
        tasks = [_task(row, chance.choice(ids), chance.choice(crowd), chance, kind) for _ in range(batch)]
        status = "ended" if kind == "done" else "running"
        parts = {(task["instance_id"], task["role"], task["org_id"]) for task in tasks if kind != "done"}
        with stage.engine.sessions() as session, write_transaction(session):
            session.execute(
                sa.insert(Instance.__table__),
                [instance | {"id": one, "status": status, "starter_id": by} for one, by in starters.items()],
            )
            session.execute(sa.insert(HumanTask.__table__), tasks)
            session.execute(
                sa.insert(Participant.__table__),
                [
                    *(_part(instance_id, user_id=by) for instance_id, by in starters.items()),
                    *(_part(instance_id, role=role, org_id=org_id) for instance_id, role, org_id in sorted(parts)),
                ],
            )


def _part(instance_id: str, **values: Any) -> dict[str, Any]:
    return {"id": new_id(), "instance_id": instance_id, "user_id": None, "role": None, "org_id": None, **values}


def _batches(count: int) -> Iterator[int]:
    while count > 0:
        yield min(_BATCH, count)
        count -= _BATCH


def _task(row: dict[str, Any], instance_id: str, who: Actor, chance: random.Random, kind: str) -> dict[str, Any]:
    due = row["created_at"] + dt.timedelta(hours=chance.uniform(-500, 900))
    values: dict[str, Any] = {
        "id": new_id(),
        "instance_id": instance_id,
        "spiff_task_id": new_id(),
        "org_id": who.org_id,
        "region_code": f"990181{chance.randint(100, 111)}000",
        "due_at": due,
        "amber_at": due - dt.timedelta(hours=10),
    }
    if kind == "done":
        completed_at = row["created_at"] - dt.timedelta(hours=chance.uniform(0, 20000))
        values |= {"status": "done", "assignee_id": who.id, "completed_by_id": who.id, "completed_at": completed_at}
    elif kind == "open" and chance.random() < 0.5:
        values |= {"assignee_id": who.id, "assignee_name": who.name, "claimed_at": row["created_at"]}
    return row | values
