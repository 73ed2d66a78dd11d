"""Whoever is to be inspected must not learn of it beforehand (domain 2.13, red line 8; 3.2): by no list, count, search,
export, notification, copy, subject page, time line or guessed id. Afterwards the enterprise reads its own record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.engine import HumanTask
from app.errors import DubanError
from app.inspections import Inspection
from app.notifications.models import Notification
from tests.cast import LONGWAN, XINGANG, member
from tests.inspections.walk import Walk, subject_id

SignIn = Callable[[str], FlaskClient]
ENTERPRISE = ("zhou", "wu")
TOPIC = "粉尘防爆突击检查"


@pytest.fixture(scope="module")
def hidden(city: Walk) -> dict[str, Inspection]:
    """An unannounced one of two enterprises, the check of a tip, a routine one; and one under way on the spot."""
    both = ("xinyuan", "hongda")
    return {
        "unannounced": city.plan(mode="unannounced", subjects=both, topic=TOPIC),
        "tip": city.plan(mode="tip_check", topic=TOPIC),
        "routine": city.plan(mode="routine", topic=TOPIC),
        "under_way": city.arrive(city.plan(mode="unannounced", topic=TOPIC)),
    }


def _words(hidden: dict[str, Inspection]) -> list[str]:
    ids = [one.id for one in hidden.values()] + [one.instance_id for one in hidden.values()]
    return [*ids, *(one.number for one in hidden.values()), TOPIC]


def _readable(app: Flask) -> Iterator[str]:
    """Every page and every answer of the API that can be asked for without an id."""
    address = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.endpoint != "static" and not rule.arguments:
            yield address.build(rule.endpoint, {})


@pytest.mark.parametrize("key", ENTERPRISE)
def test_no_page_and_no_list_says_a_word_of_it(
    app: Flask, sign_in: SignIn, hidden: dict[str, Inspection], key: str
) -> None:
    client, told = sign_in(key), []
    more = (
        f"/subjects/{subject_id('xinyuan')}", f"/api/v1/subjects/{subject_id('xinyuan')}",
        f"/inspections?q={TOPIC}", f"/inspections?subject={subject_id('xinyuan')}", "/inspections?q=鑫源",
        "/inspections?mode=unannounced", "/inspections?status=concealed", "/inspections/export.csv",
        f"/inspections/export.csv?q={TOPIC}", f"/api/v1/inspections?subject={subject_id('xinyuan')}",
        "/api/v1/inspections?status=open&per_page=200", f"/api/v1/hazards?q={TOPIC}", "/hazards/export.csv",
        "/api/v1/tasks?per_page=200", "/api/v1/instances?per_page=200", "/api/v1/timers", "/api/v1/notifications",
        f"/fields/find?picker=subject&q={TOPIC}", f"/search?q={TOPIC}",
    )  # fmt: skip
    for path in (*_readable(app), *more):
        body = client.get(path).get_data(as_text=True)
        # What is asked for stands in the field again: that is no word of ours.
        body = body.replace(f'value="{TOPIC}"', "").replace(f"q={TOPIC}", "")
        told += [f"{path}: {word}" for word in _words(hidden) if word in body]
    assert not told


@pytest.mark.parametrize("key", ENTERPRISE)
def test_no_count_counts_it(sign_in: SignIn, hidden: dict[str, Inspection], key: str) -> None:
    listed = sign_in(key).get("/api/v1/inspections?per_page=200")
    assert (listed.get_json(), listed.headers["X-Total-Count"]) == ([], "0")
    page = sign_in(key).get("/inspections").get_data(as_text=True)
    assert "已完成 0 家次，0 家" in page and "还没有检查" in page


@pytest.mark.parametrize("key", [*ENTERPRISE, "chen"])
def test_a_guessed_id_is_answered_like_none(
    app: Flask, city: Walk, sign_in: SignIn, hidden: dict[str, Inspection], key: str
) -> None:
    """Every route that takes an id of it, by every method, answers as it does for an id that does not exist."""
    client, address, wrong, tried = sign_in(key), app.url_map.bind("localhost"), [], 0
    of_none: dict[tuple[str, str], int] = {}  # by method and rule: the same for each of them
    for one in hidden.values():
        known = {
            "inspection_id": one.id,
            "inspected_subject_id": city.checks(one)[0].id,
            "item_id": city.items(one)[0].id,
            "instance_id": one.instance_id,
            "task_id": city.open_step(one).id,
        }
        kinds = {"kind": "subjects"}
        for rule in app.url_map.iter_rules():
            named = rule.arguments - kinds.keys()
            if not named or not named <= known.keys() or rule.endpoint.startswith(("console.", "api_operations.")):
                continue
            for method in (rule.methods or set()) & {"GET", "POST", "PUT", "DELETE"}:
                real = {name: {**known, **kinds}[name] for name in rule.arguments}
                asked = client.open(address.build(rule.endpoint, real, method=method), method=method)
                if (method, str(rule)) not in of_none:
                    nobody = {name: kinds.get(name, "0" * 32) for name in rule.arguments}
                    guessed = client.open(address.build(rule.endpoint, nobody, method=method), method=method)
                    of_none[method, str(rule)] = guessed.status_code
                none = of_none[method, str(rule)]
                tried += 1
                if asked.status_code != none or asked.status_code < 400:
                    wrong.append(f"{method} {rule}: {asked.status_code}, of none {none}")
    assert not wrong
    assert tried > 100


def test_nobody_is_written_to_and_nothing_can_be_passed_on(city: Walk, hidden: dict[str, Inspection]) -> None:
    city.engine.deliver_all()
    with city.sessions() as session:
        written = (
            sa.select(sa.func.count())
            .select_from(Notification)
            .where(Notification.user_id.in_([member(key).id for key in (*ENTERPRISE, "chen")]))
        )
        assert session.scalar(written) == 0
        held = sa.select(HumanTask).where(HumanTask.instance_id.in_([one.instance_id for one in hidden.values()]))
        tasks = list(session.scalars(held))
    for task in tasks:
        with pytest.raises(DubanError):
            city.engine.copy(task.id, [member("zhou").id], by=city.actor("liu"))
        with pytest.raises(DubanError):
            city.engine.reassign(task.id, member("zhou").id, reason="请你办理", by=city.actor("liu"))


def test_an_unannounced_one_is_kept_from_the_place_and_the_line_too(
    sign_in: SignIn, hidden: dict[str, Inspection]
) -> None:
    """不打招呼: the town learns of it like everybody else; whoever inspects, and the committee office, know."""
    for key in ("sun", "ma", "he", "deng"):
        listed = {one["number"] for one in sign_in(key).get("/api/v1/inspections?per_page=200").get_json()}
        assert listed & {hidden[name].number for name in ("unannounced", "tip", "under_way")} == set(), key
        assert (
            sign_in(key)
            .get(f"/inspections?town={XINGANG}&q=鑫源")
            .get_data(as_text=True)
            .count(hidden["unannounced"].number)
            == 0
        )
    assert sign_in("sun").get(f"/inspections/{hidden['routine'].id}").status_code == 200  # planned openly
    for key in ("liu", "zhao", "wang"):
        assert sign_in(key).get(f"/inspections/{hidden['unannounced'].id}").status_code == 200, key


def test_what_is_called_off_stays_secret(city: Walk, sign_in: SignIn) -> None:
    called_off = city.plan(mode="unannounced", topic=TOPIC)
    answer = sign_in("liu").post(f"/api/v1/inspections/{called_off.id}/voiding", json={"reason": "另行安排"})
    assert answer.get_json()["status"] == "void"
    assert sign_in("zhou").get(f"/inspections/{called_off.id}").status_code == 404
    assert sign_in("zhou").get("/api/v1/inspections").get_json() == []


def test_afterwards_each_enterprise_reads_its_own_record_and_no_other(city: Walk, sign_in: SignIn) -> None:
    done = city.inspected({13: {"deadline": "7"}}, mode="unannounced", subjects=("xinyuan", "hongda"))
    mine, other = city.checks(done)
    client = sign_in("zhou")
    assert [one["number"] for one in client.get("/api/v1/inspections").get_json()] == [done.number]
    page = client.get(f"/inspections/{done.id}").get_data(as_text=True)
    assert "鑫源纺织有限公司" in page and "宏达铸件" not in page
    detail = client.get(f"/api/v1/inspections/{done.id}").get_json()
    assert [one["id"] for one in detail["checks"]] == [mine.id]
    assert detail["conclusion"] == "", "it is written about both"
    assert sign_in("liu").get(f"/api/v1/inspections/{done.id}").get_json()["conclusion"] == "已检查"
    assert client.get(f"/inspections/{done.id}/papers/{mine.id}/record").status_code == 200
    assert client.get(f"/inspections/{done.id}/papers/{other.id}/record").status_code == 404
    photo = city.items(done, 1)[12].photos[0]
    assert client.get(f"/files/{photo}/thumbnail").status_code == 200
    assert client.get(f"/files/{city.items(done, 2)[12].photos[0]}/thumbnail").status_code == 404
    table = client.get("/inspections/export.csv").get_data(as_text=True)
    assert "鑫源" in table and "宏达" not in table
    shown = client.get("/inspections").get_data(as_text=True)
    assert done.number in shown and not any(word in shown for word in ("未公开", "待检查", "我计划和参加"))
    assert sign_in("he").get(f"/api/v1/inspections?town={LONGWAN}").get_json()[0]["number"] == done.number
