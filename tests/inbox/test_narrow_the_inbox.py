"""Filters by step and by place, and copies that one has not read yet."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.engine import HumanTask, TaskCopy
from tests.cast import LONGWAN, XINGANG, member
from tests.inbox.processes import KEY

SignIn = Callable[[str], FlaskClient]


def placed(session: Session, task_id: str, region: str) -> None:
    session.rollback()
    with write_transaction(session):
        session.get_one(HumanTask, task_id).region_code = region


def test_a_step_and_a_town_narrow_the_list(sign_in: SignIn, request_seal: Callable[..., str], session: Session) -> None:
    placed(session, request_seal("新港的事"), "990181101201")
    placed(session, request_seal("龙湾的事"), LONGWAN)
    zhao = sign_in("zhao")
    page = zhao.get(f"/tasks?box=claimable&region={XINGANG}").text
    assert "新港的事" in page
    assert "龙湾的事" not in page
    page = zhao.get(f"/tasks?box=claimable&step={KEY}.review").text
    assert "新港的事" in page
    assert "龙湾的事" in page
    page = zhao.get(f"/tasks?box=claimable&step={KEY}.archive").text
    assert "新港的事" not in page
    told = zhao.get(f"/api/v1/tasks?box=claimable&region={LONGWAN}").json
    assert [task["title"] for task in told] == ["龙湾的事"]


def test_towns_and_steps_to_choose_from_are_those_of_the_box(
    sign_in: SignIn, request_seal: Callable[..., str], session: Session
) -> None:
    placed(session, request_seal("又一件新港的事"), XINGANG)
    placed(session, request_seal("又一件龙湾的事"), LONGWAN)
    page = sign_in("zhao").get("/tasks?box=claimable").text
    assert f'value="{XINGANG}"' in page
    assert f'value="{LONGWAN}"' in page
    assert f'value="{XINGANG}"' not in sign_in("deng").get("/tasks?box=claimable").text


def test_a_copy_is_unread_until_its_page_was_seen(
    sign_in: SignIn, request_seal: Callable[..., str], session: Session
) -> None:
    task, gao = request_seal("抄送一份"), sign_in("gao")
    sign_in("zhao").post(f"/tasks/{task}/claim")
    sign_in("zhao").post(f"/tasks/{task}/copies", data={"user_ids": [member("gao").id]})
    assert "未读" in gao.get("/tasks?box=cc").text.split("<tbody>")[1]
    page = gao.get(f"/tasks/{task}").text
    assert f"/tasks/{task}/reading" in page
    assert gao.post(f"/tasks/{task}/reading").status_code == 303
    assert "未读" not in gao.get("/tasks?box=cc").text.split("<tbody>")[1]
    read_at = session.query(TaskCopy).filter_by(task_id=task).one().read_at
    assert read_at is not None
    assert gao.post(f"/tasks/{task}/reading").status_code == 303  # a repeat changes nothing
    session.rollback()
    assert session.query(TaskCopy).filter_by(task_id=task).one().read_at == read_at
    assert sign_in("deng").post(f"/tasks/{task}/reading").status_code == 404
