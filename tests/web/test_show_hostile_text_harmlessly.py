"""Names that are scripts, formulas or broken markup pass through every page as plain text."""

from __future__ import annotations

import html
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import Organisation, Region, Sector, User
from app.db import write_transaction
from app.notifications import tell
from tests.cast import START, XINGANG, member, org_id
from tests.subjects.entries import enter

SignIn = Callable[[str], FlaskClient]
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "{{ 7*7 }}{% raw %}",
    "</title><svg onload=alert(1)>",
    "javascript:alert(1)",
)


class Reader(HTMLParser):
    """Collects what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.dangers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.dangers.append("inline script")
        if (tag == "svg" and "onload" in values) or (tag == "img" and values.get("src") == "x"):
            self.dangers.append(f"<{tag}> of the payload")
        self.dangers += [name for name, _value in attrs if name.startswith("on") or name == "style"]
        self.dangers += [
            v for k, v in attrs if k in ("href", "src", "action") and v and v.strip().startswith("javascript")
        ]


@pytest.fixture(scope="module")
def subject_id(app, sign_in: SignIn) -> str:  # type: ignore[no-untyped-def]
    """Every name that people type, made of payloads."""
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        session.get_one(Organisation, org_id("emergency")).name = PAYLOADS[0]
        session.get_one(Organisation, org_id("emergency")).short_name = PAYLOADS[1]
        session.get_one(Organisation, org_id("emergency")).name_en = PAYLOADS[4]
        session.get_one(Region, XINGANG).name = PAYLOADS[4]
        session.get_one(Sector, "INDUSTRY").name = PAYLOADS[1]
        zhao = session.get_one(User, member("zhao").id)
        zhao.name, zhao.title, zhao.phone = PAYLOADS[1], PAYLOADS[0], PAYLOADS[3]
        params = {"title": PAYLOADS[0], "actor": PAYLOADS[1], "task_zh": PAYLOADS[4], "text": PAYLOADS[1]}
        tell(session, [zhao.id], event="task.urged", key="x", params=params, url="/tasks/1", now=START)
    return enter(
        sign_in("wang"), PAYLOADS[1], address=PAYLOADS[0], category=PAYLOADS[4], tags=["<b>x</b>"],
        manager_name=PAYLOADS[2], supervising_org_id=org_id("emergency"), id_type="other", id_no="<I>1</I>",
    )  # fmt: skip


@pytest.mark.parametrize("locale", ["zh_Hans_CN", "en"])
@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("zhao", "/account"),
        ("zhao", "/notifications"),
        ("zhao", "/subjects"),
        ("zhao", "/subjects?q=%3Cscript%3Ealert(1)%3C/script%3E"),
        ("zhao", "/subjects/SUBJECT"),
        ("zhao", "/subjects/SUBJECT/edit"),
        ("zhao", "/subjects/options"),
        ("root", "/admin/users"),
        ("root", "/admin/users?q=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E"),
        ("root", f"/admin/users/{member('zhao').id}"),
        ("root", "/admin/organisations"),
        ("root", f"/admin/organisations/{org_id('emergency')}"),
        ("root", "/admin/sectors"),
        ("root", "/admin/regions"),
        ("cha", "/admin/audit"),
        ("zhao", "/nowhere/%3Cscript%3Ealert(1)%3C/script%3E"),
    ],
)
def test_the_page_shows_the_text_and_runs_nothing(
    sign_in: SignIn, subject_id: str, key: str, path: str, locale: str
) -> None:
    browser = sign_in(key)
    browser.set_cookie("lang", locale)
    page = browser.get(path.replace("SUBJECT", subject_id)).text
    reader = Reader()
    reader.feed(page)
    assert reader.dangers == []
    assert "49" not in page or "{{ 7*7 }}" in html.unescape(page) or "7*7" not in path


def test_a_refused_form_gives_the_payload_back_as_text(sign_in: SignIn, subject_id: str, session: Session) -> None:
    for payload in PAYLOADS:
        answer = sign_in("zhao").post("/subjects", data={"name": payload, "type": payload, "manager_phone": payload})
        reader = Reader()
        reader.feed(answer.text)
        assert answer.status_code == 422 and reader.dangers == []
        assert payload in html.unescape(answer.text)


def test_the_sign_in_page_gives_the_typed_name_back_as_text(anonymous: FlaskClient) -> None:
    for payload in PAYLOADS[:2]:
        answer = anonymous.post("/login", data={"username": payload, "password": "x" * 12})
        reader = Reader()
        reader.feed(answer.text)
        assert reader.dangers == []
