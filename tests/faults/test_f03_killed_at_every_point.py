"""F3: killed before and after load, run, write, commit, response and send: nothing before the commit, all after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.engine import Engine, History, HumanTask, Instance, Outbox
from app.engine.running import checkout
from app.engine.running.acts.complete import Complete
from app.engine.running.acts.start import Start
from app.engine.running.projections import saving
from app.prepared import Prepared
from app.web import idempotency
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.faults.crashing import die, killed, plant, plant_at_commit
from tests.inbox.processes import KEY

SignIn = Callable[[str], FlaskClient]
NOTHING, ACTED, ANSWERED = "nothing", "acted", "answered"  # what a killed process had done
ANSWERS = {"answers": {"result": "pass", "opinion": "同意"}}
numbers = count(1)


def plant_opening(side: str) -> None:
    plant(Complete, "open", side)
    plant(Start, "open", side)


POINTS: dict[str, tuple[Callable[[], None], str]] = {
    "before_load": (lambda: plant_opening("before"), NOTHING),
    "after_load": (lambda: plant_opening("after"), NOTHING),
    "before_run": (lambda: plant(checkout.Turn, "run", "before"), NOTHING),
    "after_run": (lambda: plant(checkout.Turn, "run", "after"), NOTHING),
    "before_write": (lambda: plant(saving, "save", "before"), NOTHING),
    "after_write": (lambda: plant(saving, "save", "after"), NOTHING),
    "before_commit": (lambda: plant_at_commit("before"), NOTHING),
    "after_commit": (lambda: plant_at_commit("after"), ACTED),  # of a completion the answer is committed with it
    "before_response": (lambda: plant(idempotency, "conclude", "before"), ACTED),
    "after_response": (lambda: plant(idempotency, "conclude", "after"), ANSWERED),
    "before_send": (lambda: plant(Flask, "process_response", "after"), ANSWERED),
    "after_send": (lambda: None, ANSWERED),
}


class Case:
    """Somebody starts something, or finishes a task, with a key; and what the database says of it."""

    def __init__(self, app: Flask, engine: Engine, browser: FlaskClient, address: str, body: dict[str, Any]) -> None:
        self.app, self.engine, self.browser, self.address, self.body = app, engine, browser, address, body
        self.key = f"key-{next(numbers)}"

    def send(self) -> Any:
        return self.browser.post(self.address, json=self.body, headers={"Idempotency-Key": self.key})

    def killed(self, prepare: Callable[[], None]) -> bool:
        def act() -> None:
            self.send()
            die()

        return killed(self.engine.sessions, prepare, act)

    def happened(self) -> int:
        """How often it was done."""
        with self.engine.sessions() as session:
            if self.address.endswith("/instances"):
                title = self.body["data"]["summary"]
                return session.scalar(sa.select(sa.func.count()).where(Instance.title == title)) or 0
            task_id = self.address.split("/")[-2]
            lines = sa.select(sa.func.count()).where(History.event == "task.completed", History.task_id == task_id)
            done = session.get_one(HumanTask, task_id).status == "done"
            found = session.scalar(lines) or 0
            assert done == bool(found), "the inbox and the history disagree"
            return found

    def mismatches(self) -> list[str]:
        with self.engine.sessions() as session:
            own = session.scalars(sa.select(Instance.id).order_by(Instance.id.desc()).limit(2)).all()
            return [finding.as_text() for one in own for finding in self.engine._instance(session, one)]


@pytest.fixture(params=["a_completion", "a_start"])
def case(
    request: pytest.FixtureRequest, app: Flask, engine: Engine, request_seal: Callable[..., str], sign_in: SignIn
) -> Case:
    if request.param == "a_completion":
        return Case(app, engine, sign_in("zhao"), f"/api/v1/tasks/{request_seal()}/completion", ANSWERS)
    body = {"definition": KEY, "data": {"summary": f"用印 {next(numbers)}", "pages": 1}}
    return Case(app, engine, sign_in("sun"), "/api/v1/instances", body)


@pytest.mark.parametrize("point", POINTS)
def test_f3_killed_at_a_point_nothing_before_the_commit_and_all_after_it_and_a_repeat_doubles_nothing(
    case: Case, point: str
) -> None:
    prepare, left = POINTS[point]
    if left == ACTED and case.address.endswith("/completion"):
        left = ANSWERED
    assert case.killed(prepare)
    assert case.happened() == (0 if left == NOTHING else 1)
    assert case.mismatches() == []
    repeat = case.send()
    assert case.happened() == 1
    if left == NOTHING:
        assert repeat.status_code in (200, 201)
    elif left == ACTED:
        assert (repeat.status_code, repeat.get_json(force=True)["interrupted"]) == (409, True)
    else:
        assert (repeat.status_code, repeat.headers["Idempotent-Replayed"]) in ((200, "true"), (201, "true"))
    once_more = case.send()
    assert (once_more.status_code, once_more.get_data()) == (repeat.status_code, repeat.get_data())
    assert case.happened() == 1
    assert case.mismatches() == []


def test_f3_control_without_the_word_in_the_same_transaction_a_repeat_doubles_a_start(
    app: Flask, engine: Engine, sign_in: SignIn
) -> None:
    body = {"definition": KEY, "data": {"summary": "没有记号", "pages": 1}}
    case = Case(app, engine, sign_in("sun"), "/api/v1/instances", body)

    def naive() -> None:
        idempotency.watch = lambda _key: None
        plant_at_commit("after")

    assert case.killed(naive)
    assert case.send().status_code == 201
    assert case.happened() == 2


def test_f3_control_saving_without_one_transaction_leaves_half_and_verification_names_it(
    app: Flask, engine: Engine, request_seal: Callable[..., str], sign_in: SignIn
) -> None:
    """Load, run, save row by row: the same death leaves a task done in a state in which it is not."""
    case = Case(app, engine, sign_in("zhao"), f"/api/v1/tasks/{request_seal()}/completion", ANSWERS)

    @contextmanager
    def row_by_row(session: Session, **_more: Any) -> Iterator[Session]:
        session.rollback()
        whole = session.execute

        def execute(*words: Any, **more: Any) -> Any:
            found = whole(*words, **more)
            session.commit()
            return found

        session.execute = execute  # type: ignore[method-assign]
        yield session

    def run(self: Prepared, session: Session, given: Any) -> int:
        found = whole_run(self, session, given)
        session.commit()
        return found

    whole_run = Prepared.run

    def naive() -> None:  # in a process that is killed
        checkout.write_transaction = row_by_row  # type: ignore[assignment]
        Prepared.run = run  # type: ignore[method-assign]
        plant(saving, "_store", "before")

    assert case.killed(naive)
    assert case.mismatches()


# -- what leaves after the commit


def letters(world: World) -> list[tuple[str, str]]:
    with world.sessions() as session:
        return [tuple(row) for row in session.execute(sa.select(Outbox.key, Outbox.state).order_by(Outbox.id))]


@pytest.mark.parametrize(("side", "times"), [("before", 1), ("after", 2)])
def test_f3_killed_around_a_delivery_it_leaves_at_least_once_with_the_same_key(
    world: World, tmp_path: Path, side: str, times: int
) -> None:
    """What is written elsewhere cannot be taken back: its key tells the receiver that it came before."""
    received = tmp_path / "received"
    received.touch()

    def give(_session: Session, _payload: Any, *, key: str, now: Any) -> None:
        with received.open("a") as out:
            out.write(f"{key}\n")

    world.engine.handlers["event"] = give
    world.deploy(d.package("case", d.user("act"), d.end()))
    world.start("case")
    keys = {key for key, _state in letters(world)}
    assert keys
    assert killed(world.sessions, lambda: _mortal(world, side), world.engine.deliver_outbox)
    assert all(state == "waiting" for _key, state in letters(world))
    world.engine.deliver_all()
    found = received.read_text().split()
    assert set(found) == keys
    assert len(found) == len(keys) + times - 1
    assert all(state == "sent" for _key, state in letters(world))
    assert world.engine.deliver_outbox() == 0


def _mortal(world: World, side: str) -> None:
    whole = world.engine.handlers["event"]

    def give(*words: Any, **more: Any) -> None:
        if side == "before":
            die()
        whole(*words, **more)
        die()

    world.engine.handlers["event"] = give


def test_f3_killed_after_a_delivery_was_committed_it_does_not_leave_again(world: World, tmp_path: Path) -> None:
    received = tmp_path / "received"
    received.touch()

    def give(_session: Session, _payload: Any, *, key: str, now: Any) -> None:
        with received.open("a") as out:
            out.write(f"{key}\n")

    world.engine.handlers["event"] = give
    world.deploy(d.package("case", d.user("act"), d.end()))
    world.start("case")
    assert killed(world.sessions, lambda: plant(world.engine, "_deliver", "after"), world.engine.deliver_outbox)
    world.engine.deliver_all()
    found = received.read_text().split()
    assert len(found) == len(set(found)) == len(letters(world))
