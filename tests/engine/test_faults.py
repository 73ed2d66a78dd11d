"""What fails in the middle: nothing is lost or done twice, the clock of the others goes on, and there is a way back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from app import errors
from app.clock import SHANGHAI
from app.engine import History, HumanTask, Incident, Instance
from app.engine.running import checkout as checking_out
from app.engine.running.checkout import checkout
from app.engine.running.plain import checked
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World

FORM = {"forms/f.json": '{"fields": []}'}


class Weather:
    """Two services: `sky.clear` succeeds, `sky.storm` fails until it is told not to."""

    def __init__(self, world: World) -> None:
        self.storm, self.called = True, []  # type: tuple[bool, list[str]]

        @world.engine.service_task("sky.clear")
        def clear(call: Any) -> dict[str, Any]:
            self.called.append("clear")
            call.history("sky.cleared")
            return {"cleared": len(self.called)}

        @world.engine.service_task("sky.storm")
        def storm(call: Any) -> dict[str, Any]:
            self.called.append("storm")
            call.history("sky.stormed")
            if self.storm:
                raise ConnectionError("lightning")
            return {"stormed": True}


@pytest.fixture
def weather(world: World) -> Weather:
    return Weather(world)


def at(*when: int) -> dt.datetime:
    return dt.datetime(*when, tzinfo=SHANGHAI)  # type: ignore[arg-type]


# -- a service in the middle


def test_a_service_that_fails_after_another_succeeded_repeats_nothing(world: World, weather: Weather) -> None:
    world.deploy(
        d.package(
            "two", d.user("a"), d.script("x", "x = 1"), d.service("clear", "sky.clear"), d.script("y", "y = x + 1"),
            d.service("storm", "sky.storm"), d.user("b"), d.end(),
        )
    )  # fmt: skip
    instance = world.start("two")
    world.complete(instance, "a")
    assert weather.called == ["clear", "storm"]
    assert world.events(instance) == [
        "instance.started", "task.created", "task.completed", "sky.cleared", "incident.raised",
    ]  # fmt: skip
    weather.storm = False
    (incident,) = world.incidents(instance)
    assert world.engine.retry(incident.id, by=world.person("zhao"))
    assert weather.called == ["clear", "storm", "storm"]
    assert world.open_nodes(instance) == ["b"]
    assert world.data(instance)["y"] == 2
    world.engine.deliver_all()
    assert len({letter["key"] for letter in world.told}) == len(world.told) == 2


def test_two_branches_that_both_fail_are_two_incidents_and_each_is_retried_alone(
    world: World, weather: Weather
) -> None:
    world.deploy(
        d.package(
            "fork", d.parallel("split"), d.service("storm", "sky.storm"), d.script("broken", "z = missing + 1"),
            d.service("clear", "sky.clear"), d.parallel("join"), d.user("after"), d.end(),
            flows=[
                d.Flow("split", "storm"), d.Flow("split", "broken"), d.Flow("split", "clear"), d.Flow("storm", "join"),
                d.Flow("broken", "join"), d.Flow("clear", "join"), d.Flow("join", "after"), d.Flow("after", "end"),
            ],
        )
    )  # fmt: skip
    instance = world.start("fork")
    assert {incident.node_id for incident in world.incidents(instance)} == {"storm", "broken"}
    assert weather.called.count("clear") == 1
    weather.storm = False
    by_node = {incident.node_id: incident.id for incident in world.incidents(instance)}
    assert world.engine.retry(by_node["storm"], by=world.person("zhao"))
    assert not world.engine.retry(by_node["broken"], by=world.person("zhao"))
    world.engine.amend(instance, {"missing": 1}, "补录", by=world.person("zhao"))
    assert world.engine.retry(by_node["broken"], by=world.person("zhao"))
    assert world.open_nodes(instance) == ["after"]
    assert world.data(instance) | {"z": 2, "stormed": True, "cleared": 2} == world.data(instance)


def test_what_a_retry_passed_is_seen_on_the_diagram(world: World) -> None:
    world.deploy(d.package("path", d.script("broken", "y = missing + 1"), d.script("more", "m = 1"), d.end()))
    instance = world.start("path")
    world.engine.amend(instance, {"missing": 1}, "补录", by=world.person("zhao"))
    (incident,) = world.incidents(instance)
    assert world.engine.retry(incident.id, by=world.person("zhao"))
    with world.sessions() as session:
        progress = world.engine.progress(session, instance)
    assert {node: state.state for node, state in progress.nodes.items()} == dict.fromkeys(
        ["start", "broken", "more", "end"], "done"
    )
    assert "f_broken_more" in progress.taken


def test_a_condition_that_fails_beside_a_failing_script_is_told_too(world: World) -> None:
    world.deploy(
        d.package(
            "both", d.parallel("split"), d.user("act"), d.script("broken", "y = missing + 1"), d.end(),
            d.catch("wait", d.condition("flag > 1")), d.end("end2"),
            flows=[
                d.Flow("split", "act"), d.Flow("act", "broken"), d.Flow("broken", "end"), d.Flow("split", "wait"),
                d.Flow("wait", "end2"),
            ],
        )
    )  # fmt: skip
    instance = world.start("both", {"flag": 0})
    with world.sessions() as session:
        assert session.query(Incident).count() == 0
    world.engine.amend(instance, {"flag": "text"}, "改错", by=world.person("zhao"))
    (condition,) = world.incidents(instance)
    world.engine.amend(instance, {"flag": 0}, "改回", by=world.person("zhao"))
    assert world.engine.retry(condition.id, by=world.person("zhao"))
    assert world.incidents(instance) == []


# -- turns that cannot be carried out


LOOP_AFTER = d.package(
    "loop_after", d.service("storm", "sky.storm"), d.script("turn", "n = n + 1"), d.exclusive("more", default="f_more_turn"),
    d.end(),
    flows=[
        d.Flow("storm", "turn"), d.Flow("turn", "more"), d.Flow("more", "turn"), d.Flow("more", "end", "n < 0"),
    ],
)  # fmt: skip


def test_a_retry_that_never_comes_to_rest_is_pushed_out_and_not_tried_for_ever(
    world: World, weather: Weather, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking_out, "MAX_STEPS", 200)  # of each of its six attempts
    world.deploy(LOOP_AFTER)
    instance = world.start("loop_after", {"n": 0})
    weather.storm = False
    world.advance(days=1)
    assert weather.called.count("storm") == 6  # the first time, and each of the pauses
    kinds = sorted((incident.kind, incident.next_attempt_at) for incident in world.incidents(instance))
    assert kinds == [("budget", None), ("service", None)]


def test_one_incident_that_cannot_be_retried_does_not_stop_the_others(world: World, weather: Weather) -> None:
    @world.engine.service_task("sky.poison")
    def poison(call: Any) -> dict[str, Any]:
        weather.called.append("poison")
        if weather.storm:
            raise ConnectionError("lightning")
        call.history("sky.poisoned", raw="\ud800")  # cannot be stored
        return {}

    world.deploy(d.package("poisoned", d.service("put", "sky.poison"), d.user("look"), d.end()))
    world.deploy(d.package("sound", d.service("put", "sky.storm"), d.user("look"), d.end()))
    poisoned, sound = world.start("poisoned"), world.start("sound")
    weather.storm = False
    world.advance(minutes=2)
    assert world.open_nodes(sound) == ["look"]
    (incident,) = world.incidents(poisoned)
    assert incident.next_attempt_at is not None
    assert incident.next_attempt_at > world.clock.now()


def test_a_diagram_timer_whose_turn_never_rests_is_pushed_out_as_a_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking_out, "MAX_STEPS", 200)
    world.deploy(
        d.package(
            "wound", d.catch("wait", d.timer("timeDuration", "P1D")), d.script("turn", "n = n + 1"),
            d.exclusive("more", default="f_more_turn"), d.end(),
            flows=[d.Flow("wait", "turn"), d.Flow("turn", "more"), d.Flow("more", "turn"), d.Flow("more", "end", "n < 0")],
        )
    )  # fmt: skip
    instance = world.start("wound", {"n": 0})
    world.advance(days=1)
    (timer,) = world.timers(instance)
    assert timer.attempts == 1
    assert {incident.kind for incident in world.incidents(instance)} == {"budget", "timer"}


def test_an_unstorable_answer_is_refused_in_words() -> None:
    for value in ("\ud800", float("nan"), float("inf"), {"a": ["\udfff"]}):
        with pytest.raises(errors.Invalid):
            checked({"x": value})
    with pytest.raises(errors.Invalid):
        checked({"\ud800": 1})


# -- timers of steps


RUNG = d.package("rung", d.user("handle", role="coordinator"), d.end(), manifest="starters = []\n")


def test_a_rung_that_fails_does_not_keep_the_overdue_mark_and_the_other_rungs_back(world: World) -> None:
    world.deploy(RUNG)
    world.deploy(
        d.package(
            "step", d.user("act", deadline="P1D", ladder="+PT1H: missing; +PT2H: rung", remind="-PT1H"), d.end()
        )
    )  # fmt: skip
    instance = world.start("step")
    world.clock.set(world.clock.now() + dt.timedelta(days=3))
    world.engine.run_due_timers()
    told = [row for row in world.rows(History, instance) if row.event in ("task.overdue", "task.escalated")]
    assert sorted((row.event, row.data.get("level")) for row in told) == [("task.escalated", 2), ("task.overdue", None)]
    assert [incident.kind for incident in world.incidents(instance)] == ["timer"]


def test_a_rung_given_up_is_started_when_its_incident_is_retried(world: World) -> None:
    world.deploy(d.package("step", d.user("act", deadline="P1D", ladder="+PT1H: rung"), d.end()))
    instance = world.start("step")
    world.advance(days=3)  # it is tried five times, each after a longer pause
    assert {row.kind: row.state for row in world.timers(instance)} == {"overdue": "fired", "ladder": "failed"}
    world.deploy(RUNG)
    (incident,) = world.incidents(instance)
    assert world.engine.retry(incident.id, by=world.person("zhao"))
    world.engine.run_due_timers()
    assert {row.kind: row.state for row in world.timers(instance)} == {"overdue": "fired", "ladder": "fired"}
    with world.sessions() as session:
        assert session.query(Instance).filter_by(definition_key="rung").count() == 1


def test_a_rung_whose_process_begins_with_a_failing_service_is_started_with_an_incident_of_its_own(
    world: World, weather: Weather
) -> None:
    world.deploy(
        d.package(
            "rung", d.service("clear", "sky.clear"), d.service("storm", "sky.storm"),
            d.user("handle", role="coordinator"), d.end(), manifest="starters = []\n",
        )
    )  # fmt: skip
    world.deploy(d.package("step", d.user("act", deadline="P1D", ladder="+PT1H: rung"), d.end()))
    instance = world.start("step")
    world.advance(days=2)
    with world.sessions() as session:
        (rung,) = session.scalars(sa.select(Instance.id).where(Instance.definition_key == "rung"))
    assert world.events(instance).count("task.escalated") == 1
    assert world.incidents(instance) == []
    assert world.events(rung).count("sky.cleared") == 1
    weather.storm = False
    (incident,) = world.incidents(rung)
    assert world.engine.retry(incident.id, by=world.person("zhao"))
    assert world.open_nodes(rung) == ["handle"]
    assert weather.called.count("clear") == 1


def test_a_crash_while_a_rung_starts_leaves_nothing_and_the_next_sweep_starts_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engine.running import history

    world.deploy(RUNG)
    world.deploy(d.package("step", d.user("act", deadline="P1D", ladder="+PT1H: rung"), d.end()))
    instance = world.start("step")
    world.clock.set(world.clock.now() + dt.timedelta(days=2))
    real = history.append

    def crash(session: Any, instance_id: str, when: dt.datetime, lines: Any) -> None:
        real(session, instance_id, when, lines)
        if any(line.event == "task.escalated" for line in lines):
            raise SystemExit

    monkeypatch.setattr(history, "append", crash)
    with pytest.raises(SystemExit):
        world.engine.run_due_timers()
    monkeypatch.undo()
    with world.sessions() as session:
        assert session.query(Instance).filter_by(definition_key="rung").count() == 0
    world.engine.run_due_timers()
    world.engine.run_due_timers()
    with world.sessions() as session:
        assert session.query(Instance).filter_by(definition_key="rung").count() == 1
    assert world.events(instance).count("task.escalated") == 1


def test_a_deadline_retried_later_counts_from_when_the_task_began_and_repeats_nothing(world: World) -> None:
    world.deploy(d.package("when", d.user("act", deadline="work_days(days)", remind="-1 work_days"), d.end()))
    instance = world.start("when")
    (incident,) = world.incidents(instance)
    assert incident.kind == "timer"
    world.until(2026, 4, 10, 10)
    world.engine.amend(instance, {"days": 5}, "补录", by=world.person("zhao"))
    assert world.engine.retry(incident.id, by=world.person("zhao"))
    assert world.task(instance, "act").due_at == at(2026, 4, 16, 17, 30)
    assert [row.kind for row in world.timers(instance, state="waiting")] == ["remind", "overdue"]


def test_reminders_that_failed_are_set_by_a_retry_without_a_second_overdue_mark(world: World) -> None:
    world.deploy(d.package("when", d.user("act", deadline="P1D", ladder="+1 nonsense: rung"), d.end()))
    instance = world.start("when")
    (incident,) = world.incidents(instance)
    world.advance(days=2)
    assert not world.engine.retry(incident.id, by=world.person("zhao"))
    world.advance(days=1)
    assert world.events(instance).count("task.overdue") == 1


def test_an_interrupting_timer_missed_in_an_outage_stops_what_would_have_been_late_after_it(world: World) -> None:
    world.deploy(RUNG)
    world.deploy(
        d.package(
            "expire", d.user("act", deadline="P1D", ladder="+P3D: rung"),
            d.boundary("late", "act", d.timer("timeDuration", "P2D")), d.user("after"), d.end(), d.end("end2"),
            flows=[d.Flow("act", "end"), d.Flow("late", "after"), d.Flow("after", "end2")],
        )
    )  # fmt: skip
    instance = world.start("expire")
    world.clock.set(world.clock.now() + dt.timedelta(days=10))
    world.engine.run_due_timers()
    assert world.open_nodes(instance) == ["after"]
    assert world.events(instance).count("task.overdue") == 1
    assert world.events(instance).count("task.escalated") == 0


# -- incidents end with what they were about


def test_an_incident_about_a_deadline_ends_with_its_task(world: World) -> None:
    world.deploy(d.package("late", d.user("act", deadline="work_days(days)"), d.user("next"), d.end()))
    instance = world.start("late")
    assert [incident.kind for incident in world.incidents(instance)] == ["timer"]
    world.complete(instance, "act")
    assert world.incidents(instance) == []
    assert "incident.resolved" in world.events(instance)


def test_nothing_stays_open_when_an_instance_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking_out, "MAX_STEPS", 100)  # how many there may be is held in test_guards
    world.deploy(
        d.package(
            "budget", d.user("begin", form="f"), d.script("turn", "n = n + step"),
            d.exclusive("more", default="f_more_turn"), d.end(), files=FORM,
            flows=[d.Flow("begin", "turn"), d.Flow("turn", "more"), d.Flow("more", "turn"), d.Flow("more", "end", "n < 0")],
        )
    )  # fmt: skip
    instance = world.start("budget", {"n": 0})
    with pytest.raises(errors.Conflict):
        world.complete(instance, "begin", step=1)
    assert [incident.kind for incident in world.incidents(instance)] == ["budget"]
    world.complete(instance, "begin", step=-1)
    assert world.instance(instance).status == "ended"
    assert world.incidents(instance) == []


def test_an_instance_that_moves_again_is_no_longer_reported_as_stuck(world: World) -> None:
    world.deploy(d.package("stuck", d.catch("never", d.condition("ready")), d.user("go"), d.end()))
    instance = world.start("stuck", {"ready": False})
    assert [incident.kind for incident in world.incidents(instance)] == ["stuck"]
    world.engine.amend(instance, {"ready": True}, "更正", by=world.person("zhao"))
    assert world.open_nodes(instance) == ["go"]
    assert world.incidents(instance) == []


# -- races and damage


def test_of_two_who_start_the_same_thing_at_once_one_is_told_it_exists(world: World, monkeypatch: Any) -> None:
    world.deploy(d.package("case", d.user("act"), d.end()))
    world.start("case", business_key="K1")
    monkeypatch.setattr(type(world.engine), "_require_new", lambda *_args: None)  # both looked before either wrote
    with pytest.raises(errors.Conflict):
        world.start("case", business_key="K1")
    with world.sessions() as session:
        assert session.query(Instance).count() == 1


def test_a_turn_that_is_overtaken_is_tried_three_times_and_then_gives_up_in_words(world: World) -> None:
    from app.engine.running.acts.complete import Complete

    world.deploy(d.package("race", d.parallel("split"), d.user("a"), d.user("b"), d.parallel("join"), d.end(), flows=[
        d.Flow("split", "a"), d.Flow("split", "b"), d.Flow("a", "join"), d.Flow("b", "join"), d.Flow("join", "end"),
    ]))  # fmt: skip
    instance = world.start("race")
    opened = []

    class Overtaken(Complete):
        def open(self, engine: Any, session: Any) -> Any:
            turn = super().open(engine, session)
            opened.append(turn.instance["rev"])
            session.rollback()
            world.engine.amend(instance, {"n": len(opened)}, "更正", by=world.person("zhao"))
            return turn

    act = Overtaken(world.person("zhao"), world.task(instance, "a").id, {})
    with pytest.raises(errors.Conflict):
        checkout(world.engine, act)
    assert len(opened) == 3
    assert world.open_nodes(instance) == ["a", "b"]
    world.complete(instance, "a")


def test_cancelling_a_damaged_instance_quarantines_it_in_words(world: World) -> None:
    world.deploy(d.package("case", d.user("act"), d.end()))
    instance = world.start("case")
    with world.sessions() as session:
        session.execute(sa.update(Instance).where(Instance.id == instance).values(state=b"x"))
        session.commit()
    with pytest.raises(errors.Conflict):
        world.engine.cancel(instance, "误报", by=world.person("zhao"))
    assert world.instance(instance).status == "quarantined"


def test_a_locked_database_is_busy_and_nothing_is_half_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.engine.running.projections import saving

    world.deploy(d.package("case", d.user("act"), d.user("look"), d.end()))
    instance = world.start("case")

    def locked(*_args: Any) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(saving, "_store", locked)
    with pytest.raises(errors.Busy):
        world.complete(instance, "act")
    monkeypatch.undo()
    assert world.open_nodes(instance) == ["act"]
    assert world.events(instance).count("task.completed") == 0
    world.complete(instance, "act")


def test_a_correction_cannot_change_who_started_or_completed(world: World) -> None:
    world.deploy(d.package("case", d.user("act"), d.end()))
    instance = world.start("case")
    for name in ("starter", "completed_by", "instance_id"):
        with pytest.raises(errors.Invalid):
            world.engine.amend(instance, {name: {}}, "更正", by=world.person("zhao"))


def test_somebody_without_an_organisation_starts_and_the_step_waits_for_one(world: World) -> None:
    from app.audit import SYSTEM

    world.deploy(d.package("case", d.user("act", org="starter.org_id"), d.end()))
    started = world.engine.start("case", {}, by=SYSTEM)
    assert [incident.kind for incident in world.incidents(started.instance_id)] == ["address"]
    task = world.task(started.instance_id, "act")
    for who in ("zhao", "gao", "root"):
        with pytest.raises(errors.Forbidden):
            world.engine.claim(task.id, by=world.person(who))


# -- deadlines counted anew


def estimated(world: World, task: str) -> None:
    with world.sessions() as session:
        row = session.get(HumanTask, task)
        assert row is not None
        row.due_basis = dict(row.due_basis or {}) | {"estimated": True}
        session.commit()


def test_one_deadline_that_cannot_be_counted_does_not_stop_the_others(world: World) -> None:
    world.deploy(d.package("one", d.user("act", deadline="work_days(days)"), d.end()))
    bad, good = world.start("one", {"days": 5}), world.start("one", {"days": 5})
    for instance in (bad, good):
        estimated(world, world.task(instance, "act").id)
    with world.sessions() as session:
        row = session.get(HumanTask, world.task(bad, "act").id)
        assert row is not None
        row.data = {}
        good_row = session.get(HumanTask, world.task(good, "act").id)
        assert good_row is not None
        good_row.data = dict(good_row.data) | {"days": 7}
        session.commit()
    world.engine.recompute_deadlines(by=world.person("zhao"))
    assert world.task(good, "act").due_at == at(2026, 4, 20, 17, 30)
    assert world.task(bad, "act").due_at == at(2026, 4, 16, 17, 30)


# -- who may copy


def test_only_those_who_have_to_do_with_it_pass_copies_on(world: World) -> None:
    world.deploy(d.package("case", d.user("act", org="starter.org_id"), d.end()))
    instance = world.start("case")
    task = world.task(instance, "act")
    with world.sessions() as session:
        assert "cc" not in world.engine.permitted(session, task, member("deng").id)
    with pytest.raises(errors.Forbidden):
        world.engine.copy(task.id, [member("he").id], by=world.person("deng"))
    world.engine.copy(task.id, [member("deng").id], by=world.person("liu"))
    world.engine.copy(task.id, [member("he").id], by=world.person("deng"))
