"""Other systems send messages and signals: who may, what they are told, and that a repeat has no second effect."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.engine import Engine, Instance, Subscription
from tests.engine import diagrams as d

SignIn = Callable[[str], FlaskClient]
MESSAGES, SIGNALS = "/api/v1/messages", "/api/v1/signals"
PARCEL = d.package(
    "parcel",
    d.catch("arrived", d.message("parcel"), correlation="number", variable="parcel"),
    d.user("unpack"),
    d.end(),
    manifest="starters = []\n",
)
SIREN = d.package("siren", d.catch("heard", d.signal("siren")), d.end(), manifest="starters = []\n")


@pytest.fixture(scope="module")
def begin(engine: Engine) -> Callable[[str], str]:
    engine.deploy(PARCEL, by=SYSTEM)
    engine.deploy(SIREN, by=SYSTEM)

    def start(number: str) -> str:
        return engine.start("parcel", {"number": number}, by=SYSTEM).instance_id

    return start


def test_a_message_reaches_the_instance_that_waits_for_it(sign_in: SignIn, begin: Callable[[str], str]) -> None:
    instance = begin("P-1")
    answer = sign_in("wang").post(MESSAGES, json={"name": "parcel", "correlation": "P-1", "payload": {"weight": 3}})
    assert answer.status_code == 200, answer.text
    told = answer.json
    assert (told["state"], told["instance"], told["node"]) == ("delivered", instance, "arrived")


def test_a_repeat_with_the_same_key_gets_the_first_answer(
    sign_in: SignIn, begin: Callable[[str], str], session: Session
) -> None:
    begin("P-2")
    program, body = sign_in("wang"), {"name": "parcel", "correlation": "P-2", "payload": {}}
    first = program.post(MESSAGES, json=body, headers={"Idempotency-Key": "parcel-2"})
    again = program.post(MESSAGES, json=body, headers={"Idempotency-Key": "parcel-2"})
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert session.query(Subscription).filter_by(correlation="P-2", state="received").count() == 1


def test_long_keys_are_told_apart_to_their_last_character(sign_in: SignIn, begin: Callable[[str], str]) -> None:
    program, body = sign_in("wang"), {"name": "parcel", "correlation": "P-long", "payload": {}}
    first, second = (
        program.post(MESSAGES, json=body, headers={"Idempotency-Key": "k" * 199 + end}).json for end in "ab"
    )
    assert first["id"] != second["id"]


def test_an_early_one_is_kept_and_a_late_one_is_told_so(
    sign_in: SignIn, begin: Callable[[str], str], engine: Engine, actor: Callable[[str], Actor]
) -> None:
    early = sign_in("wang").post(MESSAGES, json={"name": "parcel", "correlation": "P-3"}).json
    assert early["state"] == "buffered" and early["expires_at"]
    instance = begin("P-3")
    engine.deliver_all()
    engine.cancel(instance, "退货", by=SYSTEM)
    late = sign_in("wang").post(MESSAGES, json={"name": "parcel", "correlation": "P-3"})
    assert late.status_code == 409 and late.json["reason"] == "late"


def test_one_that_two_wait_for_is_refused_and_names_both(sign_in: SignIn, begin: Callable[[str], str]) -> None:
    both = {begin("P-4"), begin("P-4")}
    answer = sign_in("wang").post(MESSAGES, json={"name": "parcel", "correlation": "P-4"})
    assert answer.status_code == 409
    assert {wait["instance"] for wait in answer.json["waiting"]} == both


def test_a_signal_goes_to_all_that_wait(
    sign_in: SignIn, begin: Callable[[str], str], engine: Engine, session: Session
) -> None:
    heard = {engine.start("siren", {}, by=SYSTEM).instance_id for _one in range(3)}
    answer = sign_in("wang").post(SIGNALS, json={"name": "siren"})
    assert (answer.status_code, answer.json["instances"]) == (202, 3)
    engine.deliver_all()
    assert {row.id for row in session.query(Instance).filter_by(definition_key="siren", status="ended")} == heard


@pytest.mark.parametrize("who", ["zhao", "sun"])
def test_outsiders_send_nothing(sign_in: SignIn, begin: Callable[[str], str], who: str) -> None:
    begin("P-5")
    body = {"name": "parcel", "correlation": "P-5"}
    assert sign_in(who).post(MESSAGES, json=body).status_code == 403
    assert sign_in(who).post(SIGNALS, json={"name": "siren"}).status_code == 403


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "parcel", "ttl": "soon"}, {"name": "x", "extra": 1}])
def test_what_is_wrong_is_named(sign_in: SignIn, begin: Callable[[str], str], body: dict[str, object]) -> None:
    answer = sign_in("wang").post(MESSAGES, json=body)
    assert answer.status_code == 422 and answer.json["errors"]


@pytest.mark.parametrize("who", ["root", "shen", "cha", "zhao"])
def test_neither_administrators_nor_others_send_what_carries_business(sign_in: SignIn, who: str) -> None:
    assert sign_in(who).post(MESSAGES, json={"name": "parcel", "correlation": "P-9"}).status_code == 403
    assert sign_in(who).post(SIGNALS, json={"name": "siren"}).status_code == 403
