"""An instance as a page, with its strip, timeline and diagram; seen by whom it concerns."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.engine import HumanTask

SignIn = Callable[[str], FlaskClient]
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(scope="module")
def reviewed(request_seal: Callable[..., str], sign_in: SignIn) -> str:
    """An instance whose review was passed by 赵明远 and that waits for the committee office."""
    task = request_seal("看得见的一件")
    sent = {"answers": {"result": "pass", "opinion": "同意用印"}}
    return str(sign_in("zhao").post(f"/api/v1/tasks/{task}/completion", json=sent).json["instance_id"])


def test_the_page_shows_where_it_stands_and_what_was_said(sign_in: SignIn, reviewed: str) -> None:
    page = sign_in("sun").get(f"/instances/{reviewed}").text
    assert "看得见的一件" in page
    assert "第 2 步 / 共 2 步" in page
    assert "同意用印" in page
    assert "归档" in page


def test_the_strip_says_in_a_sentence_what_it_draws(sign_in: SignIn, reviewed: str) -> None:
    strip = sign_in("sun").get(f"/instances/{reviewed}/strip", headers=PARTIAL).text
    assert 'aria-label="流程图：当前在归档；之前已完成审核"' in strip
    assert "4月9日 赵明远" in strip
    assert "不同意" not in strip  # that way was not taken, and can no longer be
    assert "<html" not in strip


def test_a_way_that_is_still_open_is_drawn(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    page = sign_in("zhao").get(f"/tasks/{request_seal()}").text
    assert "不同意 → 修改" in page


def test_the_timeline_is_newest_first_with_the_open_step_on_top(sign_in: SignIn, reviewed: str) -> None:
    timeline = sign_in("sun").get(f"/instances/{reviewed}/timeline", headers=PARTIAL).text
    assert timeline.index("归档　待签收") < timeline.index("同意用印") < timeline.index("提出申请")
    assert "用时" in timeline
    assert "限 2 工作日" in timeline


def test_fragments_opened_alone_lead_to_the_page(sign_in: SignIn, reviewed: str) -> None:
    sun = sign_in("sun")
    assert sun.get(f"/instances/{reviewed}/strip").headers["Location"] == f"/instances/{reviewed}"
    assert sun.get(f"/instances/{reviewed}/timeline").headers["Location"].startswith(f"/instances/{reviewed}")


def test_the_diagram_is_the_one_the_instance_runs_on(sign_in: SignIn, reviewed: str) -> None:
    answer = sign_in("sun").get(f"/instances/{reviewed}/diagram.bpmn")
    assert answer.content_type.startswith("application/xml")
    assert 'id="archive"' in answer.text


def test_outsiders_find_none_of_it(sign_in: SignIn, reviewed: str) -> None:
    for who in ("deng", "he", "zhou", "root"):
        for path in ("", "/strip", "/timeline", "/diagram.bpmn"):
            assert sign_in(who).get(f"/instances/{reviewed}{path}", headers=PARTIAL).status_code == 404


def test_a_finished_task_shows_what_was_answered(sign_in: SignIn, reviewed: str, session: Session) -> None:
    task = session.query(HumanTask).filter_by(instance_id=reviewed, node_id="review").one()
    page = sign_in("zhao").get(f"/tasks/{task.id}").text
    assert "已办" in page
    assert "同意用印" in page
    assert "data-submit" not in page
