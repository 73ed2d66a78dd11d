"""The form of assumptions, the job that plays them, the page with what came of it; the API that waits for figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import Actor, AuditRecord
from app.clock import FixedClock
from app.db import write_transaction
from app.designer.drafts import operations as drafts
from app.designer.rehearsing import Rehearsal, attend, jobs, operations
from app.designer.rehearsing import models as states
from tests.engine.rehearsal.drawing import choice, process

SignIn = Callable[[str], FlaskClient]
STAFF = "userTask role=dept_staff"
DRAFT = process(
    "approval_of_leave",
    {
        "start": "startEvent", "look": f"{STAFF}; form=look", "which": "exclusiveGateway default=which_split",
        "split": "parallelGateway", "one": STAFF, "two": STAFF, "both": "parallelGateway", "end": "endEvent",
    },
    {
        "start>look": "", "look>which": "", "which>both": "verdict == 'bad'", "which>split": "", "split>one": "",
        "split>two": "", "one>both": "", "two>both": "", "both>end": "",
    },
    {"look": choice("good", "bad")},
)  # fmt: skip


@pytest.fixture(scope="module")
def draft_id(app: Flask, clock: FixedClock, actor: Callable[[str], Actor]) -> str:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        return drafts.create(session, DRAFT.key, "请假审批", DRAFT.files, by=actor("root"), at=clock.now()).id


@pytest.fixture
def root(sign_in: SignIn, app: Flask) -> Iterator[FlaskClient]:
    yield sign_in("root")
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        session.execute(sa.delete(Rehearsal))


def sent(**changes: str) -> dict[str, str]:
    return {"start": "2026-05-06", "days": "60", "count": "20", "seed": "5", "loops": "3"} | changes


def only(app: Flask) -> Rehearsal:
    with app.extensions["duban.sessions"]() as session:
        return session.scalars(sa.select(Rehearsal)).one()


def test_a_draft_is_asked_for_played_and_shown(app: Flask, root: FlaskClient, draft_id: str) -> None:
    url = f"/designer/drafts/{draft_id}/rehearsals"
    form = root.get(url).get_data(as_text=True)
    assert 'name="steps.look.answers.verdict.good"' in form and 'name="roles.dept_staff.people"' in form
    asked = root.post(url, data=sent(**{"roles.dept_staff.people": "2", "steps.look.answers.verdict.bad": "50"}))
    assert asked.status_code == 303
    assert "排队中" in root.get(asked.location).get_data(as_text=True)
    assert jobs.run_waiting(app) == 1
    page = root.get(asked.location).get_data(as_text=True)
    assert "推演 20 件" in page and "停在“both”之后" in page and "岗位负荷" in page
    row = only(app)
    assert (row.status, row.model["roles"]["dept_staff"]["people"], row.draft_rev) == (states.DONE, 2, 1)
    assert b"parallelGateway" in root.get(f"{asked.location}/diagram.bpmn").data
    # The next form begins with these figures, and the two may be held against each other.
    again = root.get(url).get_data(as_text=True)
    assert 'id="f-roles.dept_staff.people" name="roles.dept_staff.people" value="2"' in again
    second = root.post(url, data=sent(**{"roles.dept_staff.people": "9"}))
    assert jobs.run_waiting(app) == 1
    compared = root.get(f"{second.location}?with={row.id}&show=late").get_data(as_text=True)
    assert "那一次" in compared and "差别可能只是偶然" not in compared


def test_cases_come_by_the_week_as_history_has_it(app: Flask, root: FlaskClient, draft_id: str) -> None:
    """So many on the average, none on holidays; the same number for the same seed."""
    url = f"/designer/drafts/{draft_id}/rehearsals"
    weekly = sent(per="week", rate="10", days="60")
    first, second, other = (root.post(url, data=data).location for data in (weekly, weekly, weekly | {"seed": "6"}))
    with app.extensions["duban.sessions"]() as session:
        rows = {row.id: row for row in session.scalars(sa.select(Rehearsal))}
    totals = [rows[at.rpartition("/")[2]].total for at in (first, second, other)]
    assert totals[0] == totals[1] != totals[2] and all(50 < total < 120 for total in totals)  # eight weeks and a half
    assert jobs.run_waiting(app) == 3
    page = root.get(first).get_data(as_text=True)
    assert f"推演 {totals[0]} 件" in page and "平均每周 10 件" in page
    with app.extensions["duban.sessions"]() as session:
        figures = [session.get_one(Rehearsal, at.rpartition("/")[2]).figures for at in (first, second)]
    assert figures[0] == figures[1] and figures[0]["cases"]["started"] == totals[0]
    refused = root.post(url, data=sent(per="day", rate="9000"))
    assert refused.status_code == 422 and "最多 10,000 件" in refused.get_data(as_text=True)


def test_what_rungs_would_start_is_said_and_that_it_was_not_played(
    app: Flask, root: FlaskClient, clock: FixedClock, actor: Callable[[str], Actor]
) -> None:
    act = f"{STAFF}; deadline=PT24H; ladder=+P1D: supervision; extension_process=hazard_request"
    files = process(
        "laddered", {"start": "startEvent", "act": act, "end": "endEvent"}, {"start>act": "", "act>end": ""}
    ).files
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        draft = drafts.create(session, "laddered", "逐级督办", files, by=actor("root"), at=clock.now()).id
    slow = {"steps.act.clock": "natural", "steps.act.median": "9", "steps.act.p90": "9"}
    asked = root.post(f"/designer/drafts/{draft}/rehearsals", data=sent(count="4", **slow))
    assert jobs.run_waiting(app) == 1
    page = root.get(asked.location).get_data(as_text=True)
    assert "超期会另起 4 件“督办”，未推演其过程" in page
    assert "没有人申请" in page


def test_a_refused_form_says_what_is_wrong_and_keeps_what_was_written(root: FlaskClient, draft_id: str) -> None:
    url = f"/designer/drafts/{draft_id}/rehearsals"
    refused = root.post(url, data=sent(count="12000", **{"steps.one.median": "soon", "roles.dept_staff.hours": "3.5"}))
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'value="12000"' in page and 'value="soon"' in page and 'value="3.5"' in page
    assert 'href="#f-steps.one.median"' in page and 'href="#f-count"' in page


def test_what_takes_minutes_is_proposed_in_days_as_something_that_is_accepted(root: FlaskClient, draft_id: str) -> None:
    """History may say that a step takes three minutes, and that is 0.0021 days, not 0."""
    url = f"/designer/drafts/{draft_id}/rehearsals"
    minutes = {"steps.one.clock": "natural", "steps.one.median": "0.0021", "steps.one.p90": "0.0021"}
    assert root.post(url, data=sent(count="1", **minutes)).status_code == 303
    assert 'value="0.0021"' in root.get(url).get_data(as_text=True)  # the last assumptions are proposed again
    refused = root.post(url, data=sent(count="1", **minutes | {"steps.one.p90": "0"}))
    assert refused.status_code == 422 and "应为 0.0005 至 732 之间的数" in refused.get_data(as_text=True)
    shorter = minutes | {"steps.one.median": "3", "steps.one.p90": "1"}
    assert "不得小于中位数" in root.post(url, data=sent(count="1", **shorter)).get_data(as_text=True)


def test_a_rehearsal_is_cancelled_once(app: Flask, root: FlaskClient, draft_id: str, session: Session) -> None:
    asked = root.post(f"/designer/drafts/{draft_id}/rehearsals", data=sent())
    assert root.post(f"{asked.location}/cancellation").status_code == 303
    assert root.post(f"{asked.location}/cancellation").status_code == 409
    assert jobs.run_waiting(app) == 0
    assert "推演已取消" in root.get(asked.location).get_data(as_text=True)
    events = session.scalars(sa.select(AuditRecord.action).where(AuditRecord.object_kind == "rehearsal")).all()
    assert {"rehearsals.asked", "rehearsals.cancelled"} <= set(events)


def test_one_that_is_cancelled_while_it_is_played_ends(app: Flask, root: FlaskClient, draft_id: str) -> None:
    asked = root.post(f"/designer/drafts/{draft_id}/rehearsals", data=sent())
    sessions = app.extensions["duban.sessions"]
    with sessions() as session, write_transaction(session):
        rehearsal_id = operations.claim(session)
        assert rehearsal_id is not None
        assert operations.claim(session) is None  # one at a time
    root.post(f"{asked.location}/cancellation")
    with sessions() as session, write_transaction(session):
        assert not operations.beat(session, rehearsal_id, 1, 0, dt.datetime(2026, 5, 6, tzinfo=dt.UTC))
    jobs.play(app, rehearsal_id)
    assert only(app).status == states.CANCELLED


def test_after_a_restart_it_is_interrupted_and_can_be_asked_for_again(
    app: Flask, root: FlaskClient, draft_id: str
) -> None:
    asked = root.post(f"/designer/drafts/{draft_id}/rehearsals", data=sent())
    sessions = app.extensions["duban.sessions"]
    with sessions() as session, write_transaction(session):
        operations.claim(session)
        long_ago = dt.datetime.now(dt.UTC) - 2 * operations.DEAD_AFTER
        session.execute(sa.update(Rehearsal).values(beat_at=long_ago))
    assert not attend(app)  # nothing waits, but the dead one is buried
    page = root.get(asked.location).get_data(as_text=True)
    assert "中断" in page
    again = root.post(f"{asked.location}/repetition")
    assert again.status_code == 303 and again.location != asked.location
    assert jobs.run_waiting(app) == 1


@pytest.mark.parametrize(("command", "why"), [(["/bin/false"], "退出码 1"), (["/nowhere"], "系统不能再建立进程")])
def test_one_that_cannot_be_started_fails_with_a_reason_and_can_be_asked_for_again(
    app: Flask, root: FlaskClient, draft_id: str, monkeypatch: pytest.MonkeyPatch, command: list[str], why: str
) -> None:
    asked = root.post(f"/designer/drafts/{draft_id}/rehearsals", data=sent())
    monkeypatch.setattr(jobs, "COMMAND", command)
    started = 0
    while only(app).status == states.WAITING:
        assert started <= jobs.STARTS, "it is started for ever"
        attend(app)
        started += 1
        for child in jobs._children:
            child.wait()
    assert (only(app).status, started) == (states.FAILED, jobs.STARTS + 1)  # the last look only gives up
    assert why in root.get(asked.location).get_data(as_text=True)
    assert root.post(f"{asked.location}/repetition").status_code == 303
    assert jobs.run_waiting(app) == 1


def test_a_diagram_that_does_not_compile_is_told_in_words(
    app: Flask, root: FlaskClient, clock: FixedClock, actor: Callable[[str], Actor]
) -> None:
    nodes = {"start": "startEvent", "act": "complexGateway", "end": "endEvent"}
    files = process("broken", nodes, {"start>act": "", "act>end": ""}).files
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        draft = drafts.create(session, "broken", "坏图", files, by=actor("root"), at=clock.now()).id
    asked = root.post(f"/designer/drafts/{draft}/rehearsals", data=sent())
    assert jobs.run_waiting(app) == 1
    assert only(app).status == states.FAILED
    assert "不支持此元素" in root.get(asked.location).get_data(as_text=True)


def test_what_cannot_be_read_at_all_is_refused_in_words(
    app: Flask, root: FlaskClient, clock: FixedClock, actor: Callable[[str], Actor]
) -> None:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        files = dict(DRAFT.files) | {"process.bpmn": b"<no xml", "forms/look.json": b'{"fields": [{}, 7]}'}
        draft = drafts.create(session, "unread", "读不了", files, by=actor("root"), at=clock.now()).id
    refused = root.get(f"/designer/drafts/{draft}/rehearsals")
    assert refused.status_code == 409 and "流程图无法读取" in refused.get_data(as_text=True)


def test_only_administrators_find_rehearsals(sign_in: SignIn, root: FlaskClient, draft_id: str) -> None:
    asked = root.post(f"/designer/drafts/{draft_id}/rehearsals", data=sent())
    outsider = sign_in("he")
    assert outsider.get(f"/designer/drafts/{draft_id}/rehearsals").status_code == 404
    assert outsider.post(f"/designer/drafts/{draft_id}/rehearsals", data=sent()).status_code == 404
    assert outsider.get(asked.location).status_code == 404
    assert outsider.post(f"{asked.location}/cancellation").status_code == 404
    assert root.get("/designer/rehearsals/nothing").status_code == 404
    assert root.get("/designer/processes/nothing/rehearsals").status_code == 404


def test_a_program_asks_for_figures_of_the_version_in_force(app: Flask, root: FlaskClient) -> None:
    """Another process plays it meanwhile."""
    url = "/api/v1/definitions/hazard_rectification/rehearsals"
    body: dict[str, Any] = {"model": {"count": 3, "seed": 9, "days": 30, "start": "2026-05-06"}, "wait": 60}
    answer = root.post(url, json=body)
    assert answer.status_code == 200, answer.json
    figures = answer.json["figures"]
    assert figures["cases"]["started"] == 3 and figures["model"]["seed"] == 9
    assert root.get(answer.headers["Location"]).json["figures"] == figures
    assert root.post(url, json={"model": {"magic": 1}}).status_code == 422
    later = root.post(url, json=body | {"wait": 0})
    assert later.status_code == 202 and later.json["status"] == states.WAITING


def test_a_program_of_somebody_else_may_not(sign_in: SignIn) -> None:
    answer = sign_in("he").post("/api/v1/definitions/hazard_rectification/rehearsals", json={})
    assert answer.status_code in (403, 404)
