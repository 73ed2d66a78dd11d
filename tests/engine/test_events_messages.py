"""Messages reach exactly one token: on time, early, late, twice, and never two by mistake (F9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app import errors
from app.db import write_transaction
from app.engine import Message, Outbox, Subscription
from tests.engine import diagrams as d
from tests.engine.conftest import World


def waits(world: World, instance: str, state: str = "waiting") -> list[tuple[str, str, str, str]]:
    rows = world.rows(Subscription, instance, state=state)
    return [(row.kind, row.node_id, row.name, row.correlation) for row in rows]


def send(world: World, name: str, correlation: str, payload: dict[str, Any] | None = None, **more: Any) -> Any:
    return world.engine.send_message(name, correlation, payload or {}, by=world.person("zhao"), **more)


PAYMENT = d.package(
    "payment",
    d.catch("paid", d.message("payment"), correlation="order", variable="receipt"),
    d.user("ship"),
    d.end(),
)


def test_a_message_reaches_the_one_that_waits_for_it_with_its_payload(world: World) -> None:
    world.deploy(PAYMENT)
    one, two = world.start("payment", {"order": "A1"}), world.start("payment", {"order": "A2"})
    assert waits(world, one) == [("message", "paid", "payment", "A1")]
    assert world.incidents(one) == []
    sent = send(world, "payment", "A2", {"amount": 5})
    assert (sent.state, sent.instance_id, sent.node_id) == ("delivered", two, "paid")
    assert world.open_nodes(one) == [] and world.open_nodes(two) == ["ship"]
    assert world.data(two)["receipt"] == {"amount": 5}
    assert waits(world, two) == [] and waits(world, two, "received") == [("message", "paid", "payment", "A2")]
    assert world.events(two).count("message.received") == 1


def test_space_around_what_it_is_about_keeps_no_message_from_its_receiver(world: World) -> None:
    world.deploy(PAYMENT)
    instance = world.start("payment", {"order": " A1 "})
    assert send(world, "payment", "A1 ", {}).instance_id == instance


def test_without_a_variable_the_fields_are_assigned_one_by_one(world: World) -> None:
    world.deploy(d.package("fields", d.receive("wait", "news", correlation="'k'"), d.user("next"), d.end()))
    instance = world.start("fields")
    send(world, "news", "k", {"a": 1, "b": [2]})
    assert world.open_nodes(instance) == ["next"]
    assert (world.data(instance)["a"], world.data(instance)["b"]) == (1, [2])


def test_a_payload_cannot_say_who_started_or_did_what(world: World) -> None:
    world.deploy(d.package("fields", d.receive("wait", "news", correlation="'k'"), d.user("next"), d.end()))
    instance = world.start("fields")
    before = world.data(instance)
    forged = {"instance_id": "x", "starter": {"id": "x"}, "completed_by": {"next": {"id": "x"}}, "signatures": {}}
    send(world, "news", "k", forged | {"a": 1})
    assert world.data(instance) == before | {"a": 1}


def test_f9_the_same_message_twice_has_one_effect_and_the_same_answer(world: World) -> None:
    world.deploy(PAYMENT)
    instance = world.start("payment", {"order": "A1"})
    first = send(world, "payment", "A1", {"amount": 5}, key="bank-1")
    assert send(world, "payment", "A1", {"amount": 5}, key="bank-1") == first
    assert world.events(instance).count("message.received") == 1
    with pytest.raises(errors.Conflict) as refused:
        send(world, "payment", "A1", {"amount": 6}, key="bank-1")
    assert refused.value.extra["reason"] == "key"


def test_f9_an_early_message_is_kept_and_delivered_when_the_wait_begins(world: World) -> None:
    world.deploy(PAYMENT)
    sent = send(world, "payment", "A1", {"amount": 5}, key="early")
    assert sent.state == "buffered" and sent.expires_at is not None
    instance = world.start("payment", {"order": "A1"})
    world.engine.deliver_all()
    assert world.open_nodes(instance) == ["ship"]
    assert world.data(instance)["receipt"] == {"amount": 5}
    assert send(world, "payment", "A1", {"amount": 5}, key="early") == sent
    other = world.start("payment", {"order": "A1"}, business_key="other")
    world.engine.deliver_all()
    assert world.open_nodes(other) == []


def test_f9_a_kept_message_is_nobodys_after_its_time(world: World) -> None:
    world.deploy(PAYMENT)
    send(world, "payment", "A1", ttl="PT10M")
    world.advance(minutes=11)
    instance = world.start("payment", {"order": "A1"})
    world.engine.deliver_all()
    assert world.open_nodes(instance) == []
    with pytest.raises(errors.NotFound):
        send(world, "payment", "nobody", ttl="PT0S")


@pytest.mark.parametrize("next_one", ["waits already", "comes later", "comes too late"])
def test_f9_a_kept_message_whose_receiver_is_gone_is_for_the_next_one(world: World, next_one: str) -> None:
    world.deploy(LIMITED)
    send(world, "stop", "A1", ttl="PT1H")
    gone = world.start("limited", {"order": "A1"})
    world.complete(gone, "work")  # between the matching and the delivery
    second = world.start("limited", {"order": "A1"}) if next_one == "waits already" else ""
    world.engine.deliver_all()
    if next_one == "comes too late":
        world.advance(hours=2)
    second = second or world.start("limited", {"order": "A1"})
    world.engine.deliver_all()
    assert world.open_nodes(second) == (["work"] if next_one == "comes too late" else ["stopped"])
    with world.sessions() as session:
        assert set(session.scalars(sa.select(Outbox.state))) <= {"sent"}


def test_what_came_for_nobody_is_forgotten_a_day_after_its_time(world: World) -> None:
    world.deploy(PAYMENT)
    sent = send(world, "payment", "A1", key="early", ttl="PT10M")
    send(world, "payment", "A2", ttl="P30D")
    received = world.start("payment", {"order": "A3"})
    send(world, "payment", "A3")
    for days, left in ((1, 3), (1, 2)):
        assert send(world, "payment", "A1", key="early", ttl="PT10M") == sent
        world.advance(days=days)
        with world.sessions() as session, write_transaction(session):
            world.engine.forget_messages(session)
            assert session.scalar(sa.select(sa.func.count()).select_from(Message)) == left
    assert world.open_nodes(received) == ["ship"]
    assert send(world, "payment", "A1", key="early").id != sent.id


LIMITED = d.package(
    "limited",
    d.user("work"),
    d.boundary("stop", "work", d.message("stop"), correlation="order"),
    d.end(),
    d.user("stopped"),
    d.end("end2"),
    flows=[d.Flow("work", "end"), d.Flow("stop", "stopped"), d.Flow("stopped", "end2")],
)


def test_f9_a_late_message_is_told_so_and_has_no_effect(world: World) -> None:
    world.deploy(LIMITED)
    instance = world.start("limited", {"order": "A1"})
    world.complete(instance, "work")
    assert waits(world, instance, "cancelled") == [("message", "stop", "stop", "A1")]
    with pytest.raises(errors.Conflict) as refused:
        send(world, "stop", "A1")
    assert (refused.value.extra["reason"], refused.value.extra["received"]) == ("late", False)
    with world.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Message)) == 0


def test_a_second_message_for_what_has_been_received_and_ended_is_late_too(world: World) -> None:
    world.deploy(LIMITED)
    instance = world.start("limited", {"order": "A1"})
    send(world, "stop", "A1")
    assert world.open_nodes(instance) == ["stopped"]
    world.complete(instance, "stopped")
    with pytest.raises(errors.Conflict) as refused:
        send(world, "stop", "A1")
    assert (refused.value.extra["reason"], refused.value.extra["received"]) == ("late", True)


def test_f9_a_message_that_several_wait_for_is_refused_and_names_them(world: World) -> None:
    world.deploy(PAYMENT)
    both = {world.start("payment", {"order": "A1"}) for _one in range(2)}
    with pytest.raises(errors.Conflict) as refused:
        send(world, "payment", "A1")
    assert refused.value.extra["reason"] == "ambiguous"
    assert {wait["instance"] for wait in refused.value.extra["waiting"]} == both
    assert all(world.open_nodes(one) == [] for one in both)


def test_a_message_beside_a_step_happens_as_often_as_it_comes(world: World) -> None:
    world.deploy(
        d.package(
            "notes", d.user("work"),
            d.boundary("note", "work", d.message("note"), interrupting=False, correlation="order"),
            d.end(), d.user("read"), d.end("end2"),
            flows=[d.Flow("work", "end"), d.Flow("note", "read"), d.Flow("read", "end2")],
        )
    )  # fmt: skip
    instance = world.start("notes", {"order": "A1"})
    for _one in range(3):
        assert send(world, "note", "A1").state == "delivered"
    assert world.open_nodes(instance) == ["read", "read", "read", "work"]
    assert len(waits(world, instance)) == 1
    world.complete(instance, "work")
    assert waits(world, instance) == []
    for _one in range(3):
        assert world.instance(instance).status == "running"
        world.complete(instance, "read")
    assert world.instance(instance).status == "ended"


def test_a_correlation_that_cannot_be_said_is_an_incident_and_waits_after_a_retry(world: World) -> None:
    world.deploy(PAYMENT)
    instance = world.start("payment")
    (incident,) = world.incidents(instance)
    assert (incident.kind, incident.node_id) == ("expression", "paid") and waits(world, instance) == []
    world.engine.amend(instance, {"order": "A9"}, "补录", by=world.person("zhao"))
    world.engine.retry(incident.id, by=world.person("zhao"))
    assert world.incidents(instance) == []
    assert waits(world, instance) == [("message", "paid", "payment", "A9")]


ASK = d.package(
    "ask",
    d.send("request", "request", correlation="order", payload="{'item': item, 'reply_to': order}"),
    d.receive("answer", "answer", correlation="order"),
    d.user("done"),
    d.end(),
)
SERVE = d.package(
    "serve",
    d.catch("request", d.message("request"), correlation="order", variable="wanted"),
    d.user("work"),
    d.end("reply", d.message("answer"), correlation="wanted['reply_to']", payload="{'price': 7}"),
)


def test_a_diagram_sends_to_another_instance_after_the_commit(world: World, again: Callable[[], World]) -> None:
    world.deploy(ASK)
    world.deploy(SERVE)
    served = world.start("serve", {"order": "B7"})
    asked = world.start("ask", {"order": "B7", "item": "pump"})
    assert world.open_nodes(served) == []
    world = again()
    world.engine.deliver_all()
    assert world.open_nodes(served) == ["work"]
    assert world.data(served)["wanted"] == {"item": "pump", "reply_to": "B7"}
    world.complete(served, "work")
    world.engine.deliver_all()
    assert world.instance(served).status == "ended" and world.open_nodes(asked) == ["done"]
    assert world.data(asked)["price"] == 7
    assert world.events(asked).count("message.sent") == 1 and world.events(asked).count("message.received") == 1


def test_a_message_that_a_diagram_sends_early_is_kept_as_long_as_it_says(world: World) -> None:
    world.deploy(ASK)
    world.deploy(SERVE)
    world.start("ask", {"order": "B7", "item": "pump"})
    world.engine.deliver_all()
    served = world.start("serve", {"order": "B7"})
    world.engine.deliver_all()
    assert world.open_nodes(served) == ["work"]


def test_a_step_that_fails_after_a_message_was_thrown_sends_it_once_only(world: World) -> None:
    broken = {"still": True}

    @world.engine.service_task("stores.open")
    def open_store(_call: Any) -> None:
        if broken["still"]:
            raise ConnectionError("closed")

    world.deploy(
        d.package(
            "twice", d.user("go"), d.send("tell", "hello", correlation="'x'"), d.service("put", "stores.open"), d.end()
        )
    )
    instance = world.start("twice")
    world.complete(instance, "go")
    broken["still"] = False
    (incident,) = world.incidents(instance)
    world.engine.retry(incident.id, by=world.person("zhao"))
    assert world.instance(instance).status == "ended"
    assert world.events(instance).count("message.sent") == 1
    with world.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Outbox.kind == "message")) == 1


def test_a_message_starts_the_process_whose_start_event_it_is(world: World) -> None:
    world.deploy(
        d.package(
            "complaint", d.start("came", d.message("complaint")), d.user("look"), d.end(), manifest="starters = []"
        )
    )
    sent = send(world, "complaint", "C-1", {"text": "smoke"})
    assert sent.state == "started" and world.open_nodes(sent.instance_id) == ["look"]
    assert world.data(sent.instance_id)["text"] == "smoke"
    assert world.instance(sent.instance_id).business_key == "C-1"
    with pytest.raises(errors.Conflict):
        send(world, "complaint", "C-1", {"text": "smoke"})


def test_a_suspended_instance_gets_no_message(world: World) -> None:
    world.deploy(PAYMENT)
    instance = world.start("payment", {"order": "A1"})
    world.engine.suspend(instance, "查账", by=world.person("zhao"))
    with pytest.raises(errors.Conflict) as refused:
        send(world, "payment", "A1")
    assert refused.value.extra["status"] == "suspended"
    world.engine.resume(instance, by=world.person("zhao"))
    assert send(world, "payment", "A1").state == "delivered"


@pytest.mark.parametrize("wrong", [{"name": ""}, {"correlation": "x" * 201}, {"ttl": "soon"}])
def test_a_message_that_says_too_little_or_too_much_is_refused(world: World, wrong: dict[str, str]) -> None:
    given = {"name": "n", "correlation": "c", **wrong}
    with pytest.raises(errors.Invalid) as refused:
        send(world, given["name"], given["correlation"], ttl=given.get("ttl"))
    assert list(refused.value.errors) == list(wrong)


def test_cancelling_an_instance_ends_its_waiting(world: World) -> None:
    world.deploy(PAYMENT)
    instance = world.start("payment", {"order": "A1"})
    world.engine.cancel(instance, "不办了", by=world.person("zhao"))
    assert waits(world, instance) == []
    with pytest.raises(errors.Conflict) as refused:
        send(world, "payment", "A1")
    assert refused.value.extra["reason"] == "late"


def test_verify_tells_a_wait_that_the_state_does_not_have_and_the_other_way_round(world: World) -> None:
    world.deploy(PAYMENT)
    lost, extra, other = (world.start("payment", {"order": name}) for name in ("A1", "A2", "A3"))

    def found() -> set[str]:
        with world.sessions() as session:
            return {finding.kind for finding in world.engine.verify_everything(session)}

    assert not {code for code in found() if code.startswith("subscription")}
    with world.sessions() as session, write_transaction(session):
        session.execute(sa.delete(Subscription).where(Subscription.instance_id == lost))
        row = session.query(Subscription).filter_by(instance_id=extra).one()
        values = {c.name: getattr(row, c.name) for c in Subscription.__table__.c} | {"id": "0" * 32}
        session.execute(sa.insert(Subscription).values(**values | {"spiff_task_id": "gone"}))
        session.execute(sa.update(Subscription).where(Subscription.instance_id == other).values(correlation="B"))
    assert {"subscription.missing", "subscription.unexpected", "subscription.correlation"} <= found()


def test_the_diagram_shows_where_it_waits_and_for_what(world: World) -> None:
    world.deploy(PAYMENT)
    instance = world.start("payment", {"order": "A1"})
    with world.sessions() as session:
        there = world.engine.progress(session, instance).nodes["paid"]
    assert there.state == "now" and there.waits is not None
    assert (there.waits.kind, there.waits.name, there.waits.correlation) == ("message", "payment", "A1")
    send(world, "payment", "A1")
    with world.sessions() as session:
        nodes = world.engine.progress(session, instance).nodes
    assert (nodes["paid"].state, nodes["paid"].waits, nodes["ship"].state) == ("done", None, "now")


def test_what_only_waits_beside_a_step_is_not_where_the_instance_is(world: World) -> None:
    world.deploy(LIMITED)
    instance = world.start("limited", {"order": "A1"})
    with world.sessions() as session:
        nodes = world.engine.progress(session, instance).nodes
    assert (nodes["work"].state, nodes["stop"].state) == ("now", "off")
