"""The bell, the list and marking as read: one's own messages only."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.notifications import Notification, deliver
from tests.cast import START, member
from tests.notifications.events import event, open_task

SignIn = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def _three_messages(app: object, session: Session) -> None:
    """liu is urged, reminded and told of a new task; zhao and gao only of the new task."""
    with write_transaction(session):
        session.execute(sa.delete(Notification))
        held, free = open_task(session, holder="liu"), open_task(session)
        deliver(session, event("task.urged", held, by="gao", text="请今天反馈"), key="urged", now=START)
        deliver(session, event("task.reminded", held), key="reminded", now=START)
        deliver(session, event("task.created", free, by="sun"), key="created", now=START)


def own(session: Session, key: str, unread: bool = True) -> list[Notification]:
    session.rollback()
    select = sa.select(Notification).where(Notification.user_id == member(key).id)
    return list(session.scalars(select.where(Notification.read_at.is_(None)) if unread else select))


def test_the_bell_counts_what_is_unread(sign_in: SignIn) -> None:
    assert '<span class="db-badge">3</span>' in sign_in("liu").get("/account").text
    assert 'id="bell"' in sign_in("ma").get("/account").text
    assert "db-badge" not in sign_in("ma").get("/account").text


def test_the_list_says_what_happened_and_leads_there(sign_in: SignIn, session: Session) -> None:
    page = sign_in("liu").get("/notifications").text
    assert "高原催办：整改复查" in page and "请今天反馈" in page and "新待办：整改复查" in page
    assert page.count('class="db-msg is-unread"') == 3
    assert re.search(r'<a href="/notifications" aria-current="page"', page)


def test_the_list_is_narrowed_by_kind_and_by_unread(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("liu")
    urged = next(n for n in own(session, "liu") if n.event == "task.urged")
    browser.post(f"/notifications/{urged.id}/reading")
    assert browser.get("/notifications?box=unread").text.count('<li class="db-msg') == 2
    assert browser.get("/notifications?event=task.urged").text.count('<li class="db-msg') == 1
    assert "没有未读通知" in browser.get("/notifications?box=unread&event=task.urged").text
    part = browser.get("/notifications", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert "<html" not in part and part.count('<li class="db-msg') == 3


def test_opening_a_message_marks_it_and_goes_where_it_points(sign_in: SignIn, session: Session) -> None:
    urged = next(n for n in own(session, "liu") if n.event == "task.urged")
    answer = sign_in("liu").post(f"/notifications/{urged.id}/reading", data={"open": "1"})
    assert answer.status_code == 303 and answer.headers["Location"] == f"/tasks/{urged.task_id}"
    assert urged.id not in {n.id for n in own(session, "liu")}


def test_reading_twice_changes_nothing(sign_in: SignIn, session: Session) -> None:
    browser, first = sign_in("liu"), own(session, "liu")[0]
    read = [browser.post(f"/api/v1/notifications/{first.id}/reading").json for _ in range(2)]
    assert read == [{"read": 1}, {"read": 0}]


def test_somebody_elses_message_is_not_found_and_stays_unread(sign_in: SignIn, session: Session) -> None:
    target = own(session, "liu")[0]
    for key in ("zhao", "gao", "root"):
        assert sign_in(key).post(f"/notifications/{target.id}/reading").status_code == 404
        assert sign_in(key).post(f"/api/v1/notifications/{target.id}/reading").status_code == 404
    assert len(own(session, "liu")) == 3


def test_all_at_once_means_all_of_mine(sign_in: SignIn, session: Session) -> None:
    assert sign_in("liu").post("/notifications/readings").status_code == 303
    assert own(session, "liu") == [] and len(own(session, "zhao")) == 1
    assert sign_in("liu").post("/api/v1/notifications/readings").json == {"read": 0}


def test_programs_get_the_same_in_the_callers_language(sign_in: SignIn) -> None:
    browser = sign_in("liu")
    answer = browser.get("/api/v1/notifications?unread=true")
    assert answer.headers["X-Total-Count"] == "3"
    assert {row["title"] for row in answer.json} == {"高原催办：整改复查", "临近期限：整改复查", "新待办：整改复查"}  # type: ignore[union-attr]
    browser.set_cookie("lang", "en")
    english = browser.get("/api/v1/notifications?event=task.created").json
    assert [row["title"] for row in english] == ["New task: Re-inspect"]  # type: ignore[union-attr]


def test_strangers_have_no_messages(anonymous: FlaskClient) -> None:
    assert anonymous.get("/api/v1/notifications").status_code == 401
    assert anonymous.post("/notifications/readings").status_code == 302
