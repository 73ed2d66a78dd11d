"""Messages at the same moment: one key has one effect, one wait receives one message, also on two databases."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app import errors
from app.engine import Message, Subscription
from tests.engine import diagrams as d
from tests.engine.conftest import World

WAIT = d.package("wait", d.catch("got", d.message("m"), correlation="k", variable="got"), d.user("next"), d.end())


def at_once(world: World, sends: list[dict[str, Any]]) -> list[str]:
    """What each sender was told: a state, or the reason of a refusal."""

    def send(given: dict[str, Any]) -> str:
        for _patience in range(20):
            try:
                return str(world.engine.send_message("m", "K", given["payload"], by=by, key=given.get("key")).state)
            except errors.Busy:
                continue
            except errors.Conflict as refused:
                return str(refused.extra.get("reason", "lost"))
        return "busy"

    by = world.person("zhao")
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(send, sends))


def test_f9_six_times_the_same_key_at_once_is_one_delivery_and_one_answer(world: World) -> None:
    world.deploy(WAIT)
    instance = world.start("wait", {"k": "K"})
    told = at_once(world, [{"payload": {"n": 1}, "key": "one"}] * 6)
    assert set(told) == {"delivered"}
    assert world.events(instance).count("message.received") == 1
    with world.sessions() as session:
        assert session.query(Message).count() == 1


def test_of_six_messages_at_once_one_is_received_and_the_others_are_kept_for_whoever_waits_next(world: World) -> None:
    world.deploy(WAIT)
    instance = world.start("wait", {"k": "K"})
    told = Counter(at_once(world, [{"payload": {"n": n}} for n in range(6)]))
    assert told["delivered"] == 1 and told["buffered"] == 5
    assert world.events(instance).count("message.received") == 1
    others = [world.start("wait", {"k": "K"}, business_key=str(n)) for n in range(5)]
    world.engine.deliver_all()
    assert [world.open_nodes(one) for one in others] == [["next"]] * 5
    numbers = {world.data(one)["got"]["n"] for one in [instance, *others]}
    assert numbers == set(range(6))


def test_a_wait_that_begins_while_its_message_comes_misses_it_never(world: World) -> None:
    world.deploy(WAIT)
    by = world.person("zhao")
    for number in range(10):
        key = f"K{number}"

        def begin(key: str = key) -> str:
            return world.engine.start("wait", {"k": key}, by=by).instance_id

        def send(key: str = key) -> str:
            return world.engine.send_message("m", key, {"n": 1}, by=by).state

        with ThreadPoolExecutor(2) as pool:
            started, sent = pool.submit(begin), pool.submit(send)
            instance, state = started.result(), sent.result()
        world.engine.deliver_all()
        assert state in ("delivered", "buffered")
        assert world.open_nodes(instance) == ["next"], state
    with world.sessions() as session:
        assert {row.state for row in session.query(Subscription)} == {"received"}
