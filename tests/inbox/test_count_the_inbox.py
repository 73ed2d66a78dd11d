"""What stands around a list is counted in one pass: the same numbers as counting every task by hand."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import Grant, User, contains
from app.audit import Actor
from app.db import new_id, write_transaction
from app.engine import HumanTask, Instance, TaskCopy
from app.inbox import boxes, queries
from app.inbox.survey import MOST_COUNTED, Survey, box_counts, survey
from tests.cast import LONGWAN, START, XINGANG, member

TASKS, ROUNDS = 200, 12
PEOPLE = ("zhao", "sun", "gao", "deng")
REGIONS = (None, XINGANG, LONGWAN, "990181101201")
ROLES = (None, "dept_staff", "dept_admin", "town_staff", "officer", "grid_worker")
STEPS = (("seal", "review"), ("seal", "archive"), ("leave", "review"))


@pytest.fixture
def crowded(session: Session, request_seal: Callable[..., str]) -> Iterator[random.Random]:
    """Many tasks of every kind, straight into the projection: what lists and counts read. Gone after the test."""
    chance = random.Random(20260424)
    pattern = session.get_one(HumanTask, request_seal("样张"))
    row = dict(session.execute(sa.select(HumanTask.__table__).where(HumanTask.id == pattern.id)).mappings().one())
    people = [member(name) for name in PEOPLE]
    orgs = [None, *(person.org_id for person in people)]
    session.rollback()
    made = [row | _some(chance, row["created_at"], people, orgs) for _ in range(TASKS)]
    copies = [
        {"id": new_id(), "task_id": one["id"], "user_id": person.id, "by_id": None, "created_at": one["created_at"]}
        for one in made
        for person in people
        if chance.random() < 0.1
    ]
    with write_transaction(session):
        session.execute(sa.insert(HumanTask.__table__), made)
        session.execute(sa.insert(TaskCopy.__table__), copies)
    yield chance
    session.rollback()
    with write_transaction(session):
        mine = [one["id"] for one in made]
        session.execute(sa.delete(TaskCopy).where(TaskCopy.task_id.in_(mine)))
        session.execute(sa.delete(HumanTask).where(HumanTask.id.in_(mine)))


def _some(chance: random.Random, created_at: dt.datetime, people: list[Actor], orgs: list[Any]) -> dict[str, Any]:
    status = chance.choice(("open", "open", "open", "done", "cancelled"))
    due = chance.choice((None, START + dt.timedelta(hours=chance.randint(-60, 90))))
    holder = chance.choice((None, *people))
    definition, node = chance.choice(STEPS)
    values: dict[str, Any] = {
        "id": new_id(),
        "spiff_task_id": new_id(),
        "definition_key": definition,
        "node_id": node,
        "status": status,
        "role": chance.choice(ROLES),
        "org_id": chance.choice(orgs),
        "assignee_id": holder.id if holder else None,
        "title": chance.choice(("借用公章", "查阅档案", "100% 完成")),
        "region_code": chance.choice(REGIONS),
        "due_at": due,
        "amber_at": due - dt.timedelta(hours=10) if due else None,
        "paused_at": created_at if due and chance.random() < 0.2 else None,
        "urges": chance.choice((0, 0, 1, 3)),
        "late": chance.random() < 0.3,
    }
    if status == "done":
        by = chance.choice(people)
        values |= {"completed_by_id": by.id, "completed_at": START - dt.timedelta(minutes=chance.randint(1, 500))}
    return values


def _filters(chance: random.Random) -> dict[str, str]:
    def perhaps(value: str) -> str:
        return value if chance.random() < 0.3 else ""

    return {
        "light": perhaps(chance.choice(boxes.LIGHTS)),
        "process": perhaps(chance.choice(("seal", "leave"))),
        "step": perhaps(".".join(chance.choice(STEPS))),
        "region": perhaps(chance.choice((XINGANG, LONGWAN, "990181101201"))),
        "urged": perhaps("1"),
        "q": perhaps(chance.choice(("公章", "档案", "%"))),
    }


def _passes(task: HumanTask, light: str, filters: Mapping[str, str]) -> bool:
    wanted = [
        (filters["light"], light),
        (filters["process"], task.definition_key),
        (filters["step"], f"{task.definition_key}.{task.node_id}"),
    ]
    return (
        all(not one or one == found for one, found in wanted)
        and (not filters["region"] or contains(filters["region"], task.region_code))
        and (not filters["urged"] or task.urges > 0)
        and filters["q"] in task.title
    )


def _by_hand(rows: list[tuple[HumanTask, str, str]], filters: Mapping[str, str]) -> Survey:
    shown = [row for row in rows if _passes(row[0], row[1], filters)]
    lit = Counter(light for task, light, _heading in rows if _passes(task, light, {**filters, "light": ""}))
    steps = {(task.definition_key, task.node_id): task for task, _light, _heading in rows}
    towns = {task.region_code[:9] + "000" for task, _light, _heading in rows if task.region_code}
    return Survey(
        size=len(rows),
        total=len(shown),
        headings=dict(Counter(heading for _task, _light, heading in shown)),
        lights={"": sum(lit.values()), **{light: lit[light] for light in boxes.LIGHTS}},
        urged=sum(_passes(task, light, {**filters, "urged": "1"}) for task, light, _heading in rows),
        processes=sorted({(t.definition_key, t.process_zh, t.process_en) for t in steps.values()}),
        steps=[(f"{key}.{node}", t.name_zh, t.name_en) for (key, node), t in sorted(steps.items())],
        towns=[(code, "", "") for code in sorted(towns)],
    )


@pytest.mark.parametrize("box", boxes.BOXES)
def test_every_number_is_what_counting_by_hand_gives(session: Session, crowded: random.Random, box: str) -> None:
    for _ in range(ROUNDS):
        user = session.get_one(User, member(crowded.choice(PEOPLE)).id)
        filters = _filters(crowded)
        one_by_one = sa.select(HumanTask, boxes.light_of(START), boxes.group_of(START)).where(boxes.in_box(box, user))
        rows = [(task, light, heading) for task, light, heading in session.execute(one_by_one)]
        found = survey(session, user, box, filters, START)
        expected = _by_hand(rows, filters)

        assert (found.size, found.total, found.urged) == (expected.size, expected.total, expected.urged), filters
        assert (found.headings, found.lights) == (expected.headings, expected.lights), filters
        assert (found.processes, found.steps) == (expected.processes, expected.steps)
        assert [code for code, _zh, _en in found.towns] == [code for code, _zh, _en in expected.towns]

        assert queries.total(session, user, box, filters, START) == found.total
        ids = queries.ids(session, user, box, filters, START, "")
        assert set(ids) == {task.id for task, light, _heading in rows if _passes(task, light, filters)}
        pages = [
            queries.listed(session, user, box, filters, START, limit=30, offset=at) for at in range(0, found.total, 30)
        ]
        assert [task.id for page in pages for task, _heading in page] == ids
        counts = box_counts(session, user)
        assert "done" not in counts
        assert counts.get(box, found.size) == found.size


def test_the_parts_of_a_pool_are_its_tasks_each_once(session: Session, crowded: random.Random) -> None:
    """Whoever holds several roles in several organisations is counted no task twice."""
    orgs = [member(name).org_id for name in PEOPLE]
    for _ in range(ROUNDS):
        grants = [
            Grant(role=crowded.choice(ROLES[1:]), org_id=crowded.choice(orgs)) for _ in range(crowded.randint(0, 5))
        ]
        busy = SimpleNamespace(id=member("sun").id, org_id=crowded.choice(orgs), grants=grants)
        whole = sorted(session.scalars(sa.select(HumanTask.id).where(boxes.claimable(busy))))
        found = [one for part in boxes.pools(busy) for one in session.scalars(sa.select(HumanTask.id).where(part))]
        assert sorted(found) == whole


def test_a_tab_counts_no_further_than_anybody_reads(
    sign_in: Callable[[str], FlaskClient], session: Session, request_seal: Callable[..., str]
) -> None:
    task_id = request_seal("很多很多")
    row = dict(session.execute(sa.select(HumanTask.__table__).where(HumanTask.id == task_id)).mappings().one())
    session.rollback()
    made = [row | {"id": new_id(), "spiff_task_id": new_id()} for _ in range(MOST_COUNTED + 1)]
    with write_transaction(session):
        session.execute(sa.insert(HumanTask.__table__), made)
    zhao = sign_in("zhao")
    assert f"<small>{MOST_COUNTED}+</small>" in zhao.get("/tasks").text
    told = zhao.get("/api/v1/tasks?box=claimable&per_page=1")
    assert int(told.headers["X-Total-Count"]) > MOST_COUNTED + 1  # programs are told the exact number
    session.rollback()
    with write_transaction(session):
        session.execute(sa.delete(HumanTask).where(HumanTask.id.in_([one["id"] for one in made])))


def test_what_nobody_may_see_is_not_counted(session: Session, crowded: random.Random) -> None:
    """An outsider's counts are their own: the boxes of two people share only what is addressed to both."""
    zhao, deng = (session.get_one(User, member(name).id) for name in ("zhao", "deng"))
    for box in ("todo", "done"):
        own, other = (set(queries.ids(session, user, box, {}, START, "")) for user in (zhao, deng))
        assert own
        assert not own & other
        assert survey(session, zhao, box, {}, START).size == len(own)


def test_a_started_matter_counts_its_open_step_for_who_began_it(
    session: Session, request_seal: Callable[..., str]
) -> None:
    sun = session.get_one(User, member("sun").id)
    before = survey(session, sun, "started", {}, START).size
    session.rollback()
    task = session.get_one(HumanTask, request_seal("又一件"))
    assert session.get_one(Instance, task.instance_id).starter_id == sun.id
    assert survey(session, sun, "started", {}, START).size == before + 1
