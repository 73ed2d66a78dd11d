"""An extension moves a step's deadline in place: the old due instant never fires again, whatever happens between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app import errors
from app.audit import SYSTEM
from app.calendars import light
from app.clock import SHANGHAI, FixedClock
from app.db import write_transaction
from app.engine import History, HumanTask, Instance, Timer
from app.engine.ports import ServiceCall
from app.engine.running.checkout import load_turn
from app.engine.running.workflow import due_at as drawn_instant
from tests.engine import diagrams as d
from tests.engine.conftest import World, build

RUNG = d.package(
    "rung", d.user("handle", role="coordinator", deadline="office_3d"), d.end(), manifest="starters = []\n"
)
STEP = d.package(
    "step",
    d.user(
        "act", deadline="work_days(5)", remind="-1 work_days", ladder="+3 work_days: rung; +7 work_days: rung",
    ),
    d.end(),
)  # fmt: skip
# The deadline drawn as well: an interrupting timer at the due instant, and one a day before it.
DRAWN = d.package(
    "drawn",
    d.user("act", deadline="P5D"),
    d.boundary("late", "act", d.timer("timeDuration", "P5D")),
    d.boundary("soon", "act", d.timer("timeDuration", "P4D"), interrupting=False),
    d.user("told"), d.user("after"), d.end(), d.end("end2"), d.end("end3"),
    flows=[
        d.Flow("act", "end"), d.Flow("late", "after"), d.Flow("after", "end2"),
        d.Flow("soon", "told"), d.Flow("told", "end3"),
    ],
)  # fmt: skip


def at(*when: int) -> dt.datetime:
    return dt.datetime(*when, tzinfo=SHANGHAI)  # type: ignore[arg-type]


OLD, NEW = at(2026, 4, 16, 17, 30), at(2026, 4, 24, 17, 30)


@pytest.fixture
def instance(world: World) -> str:
    world.deploy(RUNG)
    world.deploy(STEP)
    return world.start("step")


def told(world: World, instance: str, *events: str) -> list[tuple[str, dt.datetime]]:
    lines = sorted((row for row in world.rows(History, instance) if row.event in events), key=lambda row: row.seq)
    return [(row.event, row.at.astimezone(SHANGHAI)) for row in lines]


def clocked(world: World, instance: str) -> list[tuple[str, dt.datetime]]:
    return told(world, instance, "task.reminded", "task.overdue", "task.escalated")


def rungs(world: World) -> list[Instance]:
    with world.sessions() as session:
        return list(session.scalars(sa.select(Instance).where(Instance.definition_key == "rung")))


def extend(world: World, instance: str, to: dt.datetime = NEW, by: str = "gao", node: str = "act") -> None:
    world.engine.extend(world.task(instance, node).id, to, "设备到货推迟", by=world.person(by))


def drawn_in_state(world: World, instance: str) -> dict[str, dt.datetime | None]:
    with world.sessions() as session:
        turn = load_turn(world.engine, session, instance, SYSTEM)
        return {task.task_spec.bpmn_id: drawn_instant(task) for task in turn.workflow.waiting_timers()}


# -- the verb


def test_the_deadline_moves_in_place_and_keeps_draft_and_original(world: World, instance: str) -> None:
    before = world.task(instance, "act")
    world.engine.save_draft(before.id, {"note": "写了一半"}, by=world.person("zhao"))
    extend(world, instance)
    after = world.task(instance, "act")
    assert (after.id, after.spiff_task_id, after.rev) == (before.id, before.spiff_task_id, before.rev)
    assert (after.due_at, after.original_due_at, after.extensions) == (NEW, OLD, 1)
    assert after.draft == {"note": "写了一半"}
    assert after.due_basis is not None
    assert after.due_basis["text_zh"] == "延至 4月24日 17:30"
    assert after.due_basis["unit"] == "work"
    assert after.due_basis["extension"] == {
        "at": world.clock.now().isoformat(), "by": "高原", "org": "应急局", "reason": "设备到货推迟",
        "from": OLD.astimezone(dt.UTC).isoformat(), "instance_id": None,
    }  # fmt: skip
    (line,) = [row for row in world.rows(History, instance) if row.event == "task.extended"]
    assert (line.actor_name, line.data["reason"], line.data["extension"]) == ("高原", "设备到货推迟", 1)
    assert dt.datetime.fromisoformat(line.data["to"]) == NEW


def test_everything_happens_at_the_instants_of_the_new_deadline_and_nothing_at_the_old_ones(
    world: World, instance: str
) -> None:
    extend(world, instance)
    world.until(2026, 5, 20)
    assert clocked(world, instance) == [
        ("task.reminded", at(2026, 4, 23, 8, 30)),
        ("task.overdue", NEW),
        ("task.escalated", at(2026, 4, 29, 8, 30)),
        ("task.escalated", at(2026, 5, 8, 8, 30)),
    ]
    assert len(rungs(world)) == 2


def test_a_task_that_was_late_is_green_again_and_climbs_the_ladder_anew_while_history_keeps_the_old(
    world: World, instance: str
) -> None:
    world.until(2026, 4, 22)  # overdue on the 16th, first rung on the 21st
    late = world.task(instance, "act")
    assert light(world.clock.now(), late.due_at, late.amber_at) == "red"
    extend(world, instance)
    task = world.task(instance, "act")
    assert light(world.clock.now(), task.due_at, task.amber_at) == "green"
    (line,) = [row for row in world.rows(History, instance) if row.event == "task.extended"]
    assert line.data["overdue"] is True
    world.until(2026, 5, 20)
    assert clocked(world, instance) == [
        ("task.reminded", at(2026, 4, 15, 8, 30)),
        ("task.overdue", OLD),
        ("task.escalated", at(2026, 4, 21, 8, 30)),
        ("task.reminded", at(2026, 4, 23, 8, 30)),
        ("task.overdue", NEW),
        ("task.escalated", at(2026, 4, 29, 8, 30)),
        ("task.escalated", at(2026, 5, 8, 8, 30)),
    ]
    levels = sorted((row.business_key or "").removeprefix(f"rung:{task.id}:") for row in rungs(world))
    assert levels == ["1", "1:r1", "2:r1"]
    fired = [timer for timer in world.timers(instance) if timer.state == "fired"]
    assert len(fired) == 7  # the old round stays as it was


def test_done_before_the_new_deadline_is_on_time_and_after_it_late(world: World, instance: str) -> None:
    extend(world, instance)
    world.until(2026, 4, 20)
    assert not world.complete(instance, "act").late
    second = world.start("step")
    due = world.task(second, "act").due_at
    assert due is not None
    extend(world, second, due + dt.timedelta(days=1))
    world.clock.set(due + dt.timedelta(days=1, minutes=1))
    assert world.complete(second, "act").late


def test_a_second_extension_begins_another_round(world: World, instance: str) -> None:
    extend(world, instance)
    world.until(2026, 4, 30)  # overdue and first rung of the first extension
    extend(world, instance, at(2026, 5, 12, 17, 30))
    world.until(2026, 5, 16)
    task = world.task(instance, "act")
    assert task.extensions == 2
    keys = sorted((row.business_key or "").removeprefix(f"rung:{task.id}:") for row in rungs(world))
    assert keys == ["1:r1", "1:r2"]


def test_each_rung_is_started_once_in_its_round_whatever_the_workers_do(
    world: World, instance: str, again: Callable[[], World]
) -> None:
    extend(world, instance)
    world.clock.set(at(2026, 5, 20))
    for _sweep in range(3):
        again().engine.run_due_timers()
    assert len(rungs(world)) == 2


@pytest.mark.parametrize("to", [at(2026, 4, 9, 14, 0), at(2026, 4, 16, 17, 0), OLD])
def test_a_deadline_is_only_moved_to_later_than_now_and_than_the_old_one(
    world: World, instance: str, to: dt.datetime
) -> None:
    with pytest.raises(errors.Invalid) as refused:
        extend(world, instance, to)
    assert "due_at" in refused.value.errors
    assert world.task(instance, "act").due_at == OLD


def test_the_holder_does_not_extend_his_own_deadline_and_an_outsider_none(world: World, instance: str) -> None:
    world.engine.claim(world.task(instance, "act").id, by=world.person("zhao"))
    for outsider in ("zhao", "deng", "zhou"):
        with pytest.raises(errors.Forbidden):
            extend(world, instance, by=outsider)
    assert world.task(instance, "act").due_at == OLD
    task_id = world.task(instance, "act").id
    world.engine.extend(task_id, NEW, "系统故障补时", by=world.person("root"), operator=True)
    assert world.task(instance, "act").due_at == NEW


def test_a_reason_is_required_and_a_done_task_has_no_deadline_to_extend(world: World, instance: str) -> None:
    task_id = world.task(instance, "act").id
    with pytest.raises(errors.Invalid):
        world.engine.extend(task_id, NEW, " ", by=world.person("gao"))
    world.complete(instance, "act")
    with pytest.raises(errors.Conflict) as done:
        world.engine.extend(task_id, NEW, "迟了", by=world.person("gao"))
    assert done.value.extra["status"] == "done"


def test_a_step_without_a_deadline_cannot_be_extended(world: World) -> None:
    world.deploy(d.package("free", d.user("act"), d.end()))
    instance = world.start("free")
    with pytest.raises(errors.Conflict):
        extend(world, instance)


# -- guard 8: the old instant never fires


def test_a_drawn_deadline_moves_with_it_in_the_sealed_state_and_other_timers_stay(
    world: World, again: Callable[[], World]
) -> None:
    world.deploy(DRAWN)
    instance = world.start("drawn")
    began = world.clock.now()
    to = began + dt.timedelta(days=12)
    extend(world, instance, to)
    assert drawn_in_state(world, instance) == {"late": to, "soon": began + dt.timedelta(days=4)}
    assert {row.node_id: row.due_at for row in world.timers(instance, kind="event")} == drawn_in_state(world, instance)
    restarted = again()
    restarted.advance(days=6)
    assert restarted.open_nodes(instance) == ["act", "told"]
    again().advance(days=7)
    assert again().open_nodes(instance) == ["after", "told"]
    assert [when for _event, when in told(world, instance, "timer.fired")] == [
        (began + dt.timedelta(days=4)).astimezone(SHANGHAI), to.astimezone(SHANGHAI),
    ]  # fmt: skip
    assert world.engine.verify(world.sessions(), instance) is None


def test_naive_control_changing_only_the_variable_lets_the_old_instant_fire(world: World) -> None:
    """What SpiffWorkflow does by itself, and why an extension rewrites the state."""
    world.deploy(
        d.package(
            "naive", d.user("act"), d.boundary("late", "act", d.timer("timeDate", "until(due)")), d.user("after"),
            d.end(), d.end("end2"),
            flows=[d.Flow("act", "end"), d.Flow("late", "after"), d.Flow("after", "end2")],
        )
    )  # fmt: skip
    instance = world.start("naive", {"due": "2026-04-14T12:00:00+08:00"})
    world.engine.amend(instance, {"due": "2026-04-24T12:00:00+08:00"}, "改期", by=world.person("zhao"))
    world.until(2026, 4, 15)
    assert world.open_nodes(instance) == ["after"]


def test_naive_control_changing_only_the_row_lets_the_old_instant_fire_with_the_next_turn(world: World) -> None:
    world.deploy(DRAWN)
    instance = world.start("drawn")
    with world.sessions() as session, write_transaction(session):
        session.execute(
            sa.update(Timer).where(Timer.node_id == "late").values(due_at=world.clock.now() + dt.timedelta(days=12))
        )
    world.advance(days=6)  # the other timer's turn finds the old instant in the state
    assert world.open_nodes(instance) == ["after", "told"]


def test_a_worker_that_read_the_old_rows_before_the_extension_fires_none_of_them(
    world: World, instance: str, again: Callable[[], World]
) -> None:
    """The worker stands still between reading and firing, past the old due instant and past the extension."""
    world.clock.set(OLD)
    stalled = again().engine
    claimed = stalled._claim(200)
    assert [row["kind"] for _instance, rows in claimed for row in rows] == ["remind", "overdue"]
    extend(world, instance)
    for found, rows in claimed:
        stalled._fire_claimed(found, rows)
    assert clocked(world, instance) == []
    assert rungs(world) == []
    world.until(2026, 4, 25)
    assert clocked(world, instance) == [("task.reminded", at(2026, 4, 23, 8, 30)), ("task.overdue", NEW)]


def test_naive_control_without_the_fencing_token_the_stalled_worker_would_have_fired(
    world: World, instance: str, again: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are only moved, and taken by their state alone: what this engine did before."""
    from app.engine.verbs import sweeps

    world.clock.set(OLD)
    stalled = again().engine
    claimed = stalled._claim(200)
    with world.sessions() as session, write_transaction(session):
        session.execute(sa.update(HumanTask).values(due_at=NEW))
        session.execute(sa.update(Timer).where(Timer.kind == "overdue").values(due_at=NEW, fence=Timer.fence + 1))

    def by_state_alone(session: sa.orm.Session, row: dict[str, str], now: dt.datetime, *, fired: bool) -> bool:
        where = sa.and_(Timer.id == row["id"], Timer.state == "waiting")
        taken = session.execute(sa.update(Timer).where(where).values(state="fired", fired_at=now))
        return bool(taken.rowcount)  # type: ignore[attr-defined]

    monkeypatch.setattr(sweeps, "_take", by_state_alone)
    for found, rows in claimed:
        stalled._fire_claimed(found, rows)
    assert ("task.overdue", OLD) in clocked(world, instance)


def test_a_worker_that_holds_a_drawn_deadline_loses_it_to_the_extension(
    world: World, again: Callable[[], World]
) -> None:
    world.deploy(DRAWN)
    instance = world.start("drawn")
    due = world.task(instance, "act").due_at
    assert due is not None
    world.advance(days=4, hours=1)
    world.clock.set(due)
    stalled = again().engine
    claimed = stalled._claim(200)
    extend(world, instance, due + dt.timedelta(days=7))
    for found, rows in claimed:
        stalled._fire_claimed(found, rows)
    assert "act" in world.open_nodes(instance)
    assert [event for event, _at in told(world, instance, "timer.fired")] == ["timer.fired"]  # `soon`, a day before
    assert world.incidents(instance) == []
    world.advance(days=8)
    assert "after" in world.open_nodes(instance)


def test_a_turn_that_loaded_the_state_before_the_extension_cannot_store_it_after(world: World) -> None:
    from app.engine.running.acts.amend import Amend
    from app.engine.running.checkout import Stale, complete_turn
    from app.engine.running.projections.saving import save

    world.deploy(DRAWN)
    instance = world.start("drawn")
    to = world.clock.now() + dt.timedelta(days=12)
    with world.sessions() as session:
        act = Amend(SYSTEM, instance, {"x": 1}, "补录")
        turn = act.open(world.engine, session)
        turn.run(act.begin)
        extend(world, instance, to)
        with pytest.raises(Stale), write_transaction(session):
            complete_turn(turn, act, save)
    assert drawn_in_state(world, instance)["late"] == to


def test_another_process_that_had_the_database_open_sees_the_new_deadline(world: World, instance: str) -> None:
    other = build(world.url, FixedClock(world.clock.now()))
    assert other.engine._next_instant(at(2026, 6, 1)) == at(2026, 4, 15, 8, 30)
    extend(world, instance)
    other.clock.set(OLD + dt.timedelta(hours=1))
    assert other.engine.run_due_timers() == 0
    assert other.engine._next_instant(at(2026, 6, 1)) == at(2026, 4, 23, 8, 30)
    other.sessions.kw["bind"].dispose()


# -- by a process of its own


@pytest.fixture
def with_requests(world: World) -> World:
    @world.engine.service_task("case.extend")
    def grant(call: ServiceCall) -> None:
        world.engine.extend_inside(
            call.session, call.data["task_id"], NEW, "情况属实", by=call.actor, now=call.now, request=call.instance_id
        )

    world.deploy(RUNG)
    world.deploy(
        d.package(
            "asked", d.user("decide", role="dept_admin"), d.service("grant", "case.extend"), d.end(),
            manifest="starters = []\n",
        )
    )  # fmt: skip
    world.deploy(
        d.package(
            "main",
            d.user("act", deadline="work_days(5)", ladder="+3 work_days: rung", extension_process="asked"),
            d.boundary("late", "act", d.timer("timeDuration", "work_days(5)")),
            d.end(), d.end("end2"),
            flows=[d.Flow("act", "end"), d.Flow("late", "end2")],
        )
    )  # fmt: skip
    return world


def ask(world: World, instance: str, by: str = "zhao") -> str:
    return world.engine.request_extension(world.task(instance, "act").id, {}, by=world.person(by)).instance_id


def test_an_approved_request_extends_the_other_instance_in_the_same_transaction(with_requests: World) -> None:
    world = with_requests
    instance = world.start("main")
    rev = world.instance(instance).rev
    request = ask(world, instance)
    data = world.data(request)
    task = world.task(instance, "act")
    assert (data["task_id"], data["instance_id_of_origin"], data["extensions"]) == (task.id, instance, 0)
    assert (data["task_name"], dt.datetime.fromisoformat(data["original_due_at"])) == ("act", OLD)
    assert world.instance(request).parent_id == instance
    assert "task.extension_requested" in world.events(instance)
    assert world.task(instance, "act").due_at == OLD
    world.complete(request, "decide", by="gao")
    task = world.task(instance, "act")
    assert (task.due_at, task.extensions, world.instance(instance).rev) == (NEW, 1, rev + 1)
    assert task.due_basis is not None
    assert task.due_basis["extension"]["instance_id"] == request
    assert drawn_in_state(world, instance)["late"] == NEW
    assert world.instance(request).status == "ended"
    world.until(2026, 4, 23)
    assert world.open_nodes(instance) == ["act"]
    world.until(2026, 4, 25)
    assert world.instance(instance).status == "ended"


def test_an_extension_that_fails_inside_leaves_both_instances_as_they_were_with_an_incident(
    with_requests: World,
) -> None:
    world = with_requests
    instance = world.start("main")
    request = ask(world, instance)
    world.engine.suspend(instance, "核查", by=world.person("root"))
    world.complete(request, "decide", by="gao")
    assert world.task(instance, "act").due_at == OLD
    (incident,) = world.incidents(request)
    assert incident.kind == "service"
    world.engine.resume(instance, by=world.person("root"))
    assert world.engine.retry(incident.id, by=world.person("root"))
    assert world.task(instance, "act").due_at == NEW
    assert world.instance(request).status == "ended"


def test_one_open_request_at_a_time_and_the_conflict_names_it(with_requests: World) -> None:
    world = with_requests
    instance = world.start("main")
    request = ask(world, instance)
    with pytest.raises(errors.Conflict) as twice:
        ask(world, instance)
    assert twice.value.extra["instance_id"] == request
    world.complete(request, "decide", by="gao")
    assert ask(world, instance) != request


def test_of_two_who_ask_at_once_one_has_asked(with_requests: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    world = with_requests
    instance = world.start("main")

    def attempt(_number: int) -> str:
        try:
            return ask(world, instance)
        except (errors.Conflict, errors.Busy):
            return ""

    with ThreadPoolExecutor(4) as pool:
        found = [made for made in pool.map(attempt, range(4)) if made]
    assert len(found) == 1
    with world.sessions() as session:
        assert session.query(Instance).filter_by(definition_key="asked").count() == 1


def test_only_who_has_the_task_may_ask_and_only_where_the_step_names_a_process(with_requests: World) -> None:
    world = with_requests
    instance = world.start("main")
    for outsider in ("zhou", "ma"):
        with pytest.raises(errors.Forbidden):
            ask(world, instance, by=outsider)
    world.deploy(STEP)
    without = world.start("step")
    with pytest.raises(errors.Forbidden):
        ask(world, without)
    with world.sessions() as session:
        task = session.get(HumanTask, world.task(instance, "act").id)
        assert "extend" in world.engine.permitted(session, task, world.person("zhao").id or "")
        assert "extend" not in world.engine.permitted(session, task, world.person("zhou").id or "")


def test_a_process_does_not_extend_a_step_of_its_own_from_inside_its_own_turn(world: World) -> None:
    @world.engine.service_task("case.own")
    def own(call: ServiceCall) -> None:
        (task,) = world.tasks(call.instance_id)
        world.engine.extend_inside(call.session, task.id, NEW, "自行", by=call.actor, now=call.now)

    world.deploy(
        d.package(
            "own", d.parallel("split"), d.user("act", deadline="work_days(5)"), d.user("go"), d.service("self", "case.own"),
            d.end(), d.end("end2"),
            flows=[
                d.Flow("split", "act"), d.Flow("split", "go"), d.Flow("act", "end"), d.Flow("go", "self"),
                d.Flow("self", "end2"),
            ],
        )
    )  # fmt: skip
    instance = world.start("own")
    world.complete(instance, "go")
    (incident,) = world.incidents(instance)
    assert incident.kind == "service"
    assert world.task(instance, "act").due_at == OLD
