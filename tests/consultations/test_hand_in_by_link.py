"""An outside expert's link: one visit, hashed, expiring, revocable, limited, audited, over once handed in."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.consultations import Engagement, LinkAttempt, Opinion, Visit, VisitLink
from app.consultations.operations import links
from app.db import write_transaction
from tests.cast import START
from tests.consultations.walk import Walk
from tests.files.pictures import photo

SignIn = Callable[[str], FlaskClient]
ONE = {
    "summary": "除尘器未设泄爆装置",
    "location": "2 号车间",
    "severity": "major",
    "basis": "GB 15577",
    "suggestion": "加装",
}


@pytest.fixture
def asked(city: Walk) -> tuple[Visit, Engagement]:
    _consultation, visit = city.diagnosed("shi")
    return visit, city.engagement(visit, "shi")


@pytest.fixture(autouse=True)
def no_attempts_are_remembered(app: Flask) -> Iterator[None]:
    yield
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        session.execute(sa.delete(LinkAttempt))


def _issue(sign_in: SignIn, visit: Visit, engagement: Engagement, key: str = "zhao") -> str:
    page = sign_in(key).post(f"/consultations/visits/{visit.id}/experts/{engagement.id}/link")
    assert page.status_code == 200
    found = re.search(r"/visit-link/([\w-]+)", page.get_data(as_text=True))
    assert found is not None
    return found.group(1)


def test_opinions_come_in_by_the_link_and_end_it(
    city: Walk, asked: tuple[Visit, Engagement], sign_in: SignIn, anonymous: FlaskClient
) -> None:
    visit, engagement = asked
    token = _issue(sign_in, visit, engagement)
    page = anonymous.get(f"/visit-link/{token}")
    text = page.get_data(as_text=True)
    assert page.status_code == 200 and "鑫源纺织" in text and "db-side" not in text
    assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["Cache-Control"] == "no-store"
    picture = {"photos": (io.BytesIO(photo()), "scene.jpg")}
    assert anonymous.post(f"/visit-link/{token}/opinions", data={**ONE, **picture}).status_code == 303
    assert anonymous.post(f"/visit-link/{token}/opinions", data={**ONE, "summary": ""}).status_code == 422
    assert anonymous.post(f"/visit-link/{token}/opinions", data={**ONE, "summary": "多写一条"}).status_code == 303
    draft = city.one(Opinion, Opinion.engagement_id == engagement.id, Opinion.summary == "多写一条")
    assert anonymous.post(f"/visit-link/{token}/opinions/{draft.id}/removal").status_code == 303
    assert city.opinions(visit) == []  # nothing is handed in yet
    assert anonymous.post(f"/visit-link/{token}/submission", data={}).status_code == 422  # not declared
    assert "已提交 1 条意见" in anonymous.post(f"/visit-link/{token}/submission", data={"declared": "1"}).text
    city.deliver()
    (opinion,) = city.opinions(visit)
    assert (opinion.summary, opinion.severity, len(opinion.photos)) == (ONE["summary"], "major", 1)
    done = city.again(engagement)
    assert (done.status, done.handed_in) == ("submitted", "link")
    assert anonymous.get(f"/visit-link/{token}").status_code == 404
    assert anonymous.post(f"/visit-link/{token}/submission", data={"declared": "1"}).status_code == 404
    assert len(city.opinions(visit)) == 1
    assert [one.actor_name for one in city.audit("consultations.link_opened")] == ["石磊（专家链接）"]
    assert city.task(visit.instance_id, "convert").status == "open"


def test_what_stands_in_the_form_is_handed_in_with_the_rest(
    city: Walk, asked: tuple[Visit, Engagement], sign_in: SignIn, anonymous: FlaskClient
) -> None:
    visit, engagement = asked
    submission = f"/visit-link/{_issue(sign_in, visit, engagement)}/submission"
    half = anonymous.post(submission, data={"declared": "1", "suggestion": "只写了建议"})
    assert half.status_code == 422 and "只写了建议" in half.text and 'name="declared" value="1" checked' in half.text
    undeclared = anonymous.post(submission, data=ONE)
    assert undeclared.status_code == 422 and f'value="{ONE["summary"]}"' not in undeclared.text  # among those kept now
    assert "已提交 1 条意见" in anonymous.post(submission, data={"declared": "1"}).text
    city.deliver()
    assert [one.summary for one in city.opinions(visit)] == [ONE["summary"]]


def test_only_a_hash_of_the_token_is_kept(city: Walk, asked: tuple[Visit, Engagement], sign_in: SignIn) -> None:
    visit, engagement = asked
    token = _issue(sign_in, visit, engagement)
    link = city.one(VisitLink, VisitLink.engagement_id == engagement.id)
    assert len(token) >= 43 and token not in str(vars(link)) and len(link.token_hash) == 64
    assert all(token not in str(one.detail) for one in city.audit("consultations.link_issued"))


@pytest.mark.parametrize("how", ["expired", "revoked", "renewed", "replaced"])
def test_a_link_that_is_over_opens_nothing(
    city: Walk, asked: tuple[Visit, Engagement], sign_in: SignIn, anonymous: FlaskClient, how: str
) -> None:
    visit, engagement = asked
    token = _issue(sign_in, visit, engagement)
    assert anonymous.get(f"/visit-link/{token}").status_code == 200
    if how == "expired":
        city.clock.set(city.clock.now() + links.VALID)
    elif how == "revoked":
        path = f"/consultations/visits/{visit.id}/experts/{engagement.id}/link/revocation"
        assert sign_in("zhao").post(path).status_code == 303
    elif how == "renewed":
        assert _issue(sign_in, visit, engagement) != token
    else:
        city.change(Engagement, engagement.id, status="replaced")
    assert anonymous.get(f"/visit-link/{token}").status_code == 404
    assert anonymous.post(f"/visit-link/{token}/opinions", data=ONE).status_code == 404


def test_whoever_guesses_is_turned_away_and_others_are_not(
    city: Walk, asked: tuple[Visit, Engagement], sign_in: SignIn, anonymous: FlaskClient
) -> None:
    token = _issue(sign_in, *asked)
    for _guess in range(links.GUESSES):
        assert anonymous.get("/visit-link/" + "x" * 43).status_code == 404
    assert anonymous.get("/visit-link/" + "x" * 43).status_code == 429
    assert anonymous.get(f"/visit-link/{token}").status_code == 429
    elsewhere: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": "10.9.8.7"}}
    assert anonymous.get(f"/visit-link/{token}", **elsewhere).status_code == 200


def test_links_are_made_by_the_department_for_experts_without_an_account(
    city: Walk, asked: tuple[Visit, Engagement], sign_in: SignIn
) -> None:
    visit, engagement = asked
    path = f"/consultations/visits/{visit.id}/experts/{engagement.id}/link"
    assert sign_in("zhou").post(path).status_code == 403  # the enterprise sees the visit
    assert sign_in("he").post(path).status_code == 404
    assert sign_in("qin").post(path).status_code == 404
    city.clock.set(START)
    _consultation, other = city.diagnosed("qin")
    assert sign_in("zhao").post(f"/consultations/visits/{other.id}/experts/{engagement.id}/link").status_code == 404
    mine = city.engagement(other, "qin")
    assert sign_in("zhao").post(f"/consultations/visits/{other.id}/experts/{mine.id}/link").status_code == 409


def test_another_site_cannot_send_the_form(
    city: Walk, asked: tuple[Visit, Engagement], sign_in: SignIn, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = _issue(sign_in, *asked)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    client = app.test_client()
    client.get(f"/visit-link/{token}")
    for path in ("opinions", "submission"):
        assert client.post(f"/visit-link/{token}/{path}", data={**ONE, "declared": "1"}).status_code == 400
    assert city.all(Opinion, Opinion.engagement_id == asked[1].id) == []
