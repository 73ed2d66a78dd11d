"""常用筛选: keep a filter under a name, open the inbox with it, delete it."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.inbox.saved import SavedFilter, kept
from tests.cast import member

SignIn = Callable[[str], FlaskClient]


def saved(session: Session, who: str) -> list[SavedFilter]:
    session.rollback()
    return kept(session, member(who).id)


def test_a_filter_is_kept_made_the_default_and_deleted(sign_in: SignIn, session: Session) -> None:
    zhao = sign_in("zhao")
    assert zhao.post("/tasks/filters?light=red&q=燃气", data={"name": "超期燃气"}).status_code == 303
    (one,) = saved(session, "zhao")
    assert one.args == {"light": "red", "q": "燃气"}
    assert "超期燃气" in zhao.get("/tasks?box=todo").text
    assert zhao.get("/tasks").status_code == 200, "nothing is the default yet"
    zhao.post(f"/tasks/filters/{one.id}/default?light=red&q=燃气", data={"on": "1"})
    opened = zhao.get("/tasks")
    assert opened.status_code == 303 and "light=red" in opened.location
    assert zhao.get("/tasks?box=todo").status_code == 200, "the tab shows everything"
    zhao.post(f"/tasks/filters/{one.id}/default", data={"on": ""})
    assert zhao.get("/tasks").status_code == 200
    assert zhao.post(f"/tasks/filters/{one.id}/deletion").status_code == 303
    assert zhao.post(f"/tasks/filters/{one.id}/deletion").status_code == 404
    assert saved(session, "zhao") == []


def test_there_is_one_default_at_most(sign_in: SignIn, session: Session) -> None:
    wang = sign_in("wang")
    for name, light in (("超期", "red"), ("临期", "amber")):
        wang.post(f"/tasks/filters?light={light}", data={"name": name})
    for one in saved(session, "wang"):
        wang.post(f"/tasks/filters/{one.id}/default", data={"on": "1"})
    assert [one.name for one in saved(session, "wang") if one.is_default] == ["临期"]


def test_a_name_and_filters_are_needed_and_the_name_is_free(sign_in: SignIn, session: Session) -> None:
    liu = sign_in("liu")
    assert liu.post("/tasks/filters?light=red", data={"name": " "}).status_code == 422
    nothing = liu.post("/tasks/filters", data={"name": "全部"})
    assert nothing.status_code == 422 and "没有筛选条件" in nothing.text
    assert liu.post("/tasks/filters?light=red", data={"name": "红"}).status_code == 303
    twice = liu.post("/tasks/filters?light=amber", data={"name": "红"})
    assert twice.status_code == 409 and 'value="红"' in twice.text


def test_nobody_touches_anothers_filter(sign_in: SignIn, session: Session) -> None:
    sign_in("ma").post("/tasks/filters?light=red", data={"name": "只有我的"})
    (one,) = saved(session, "ma")
    sun = sign_in("sun")
    assert "只有我的" not in sun.get("/tasks?box=todo").text
    assert sun.post(f"/tasks/filters/{one.id}/deletion").status_code == 404
    assert sun.post(f"/tasks/filters/{one.id}/default", data={"on": "1"}).status_code == 404
