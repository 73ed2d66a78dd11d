"""The small city, and one page that shows the form with all kinds as a slice would."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response
from PIL import Image
from sqlalchemy.orm import Session

from app import files, forms, web
from app.accounts import User
from app.audit import Actor
from app.clock import FixedClock
from app.db import Base, write_transaction
from app.errors import Invalid
from app.forms import FormFiles
from app.i18n import CHINESE, set_locale
from tests.cast import START, member, org_id, people_the_city
from tests.conftest import _build

FORM: dict[str, Any] = json.loads((Path(__file__).parent / "all_kinds.json").read_text())
DATA = {
    "supervising_org_id": org_id("emergency"),
    "hazard_no": "YH-2026-0417",
    "order_rows": [{"requirement": "拆除链锁"}, {"requirement": "更换应急照明"}],
    "demands": [{"value": "d1", "label": "拆除链锁"}, {"value": "d2", "label": "清空通道"}],
}
SITES = {"s1": "鑫源纺织", "s2": "宏达铸件"}
VISIBLE_SITES = {"zhao": {"s1"}}


@pytest.fixture(autouse=True)
def chinese() -> None:
    """Each test begins in Chinese, whatever language the request before it chose."""
    set_locale(CHINESE)


def site_options(_session: Session, user: User, q: str) -> list[tuple[str, str]]:
    return [(key, SITES[key]) for key in sorted(VISIBLE_SITES.get(user.username, set())) if q in SITES[key]]


def dev_page() -> Blueprint:
    """How a view uses a form: receive, show again, validate, show errors."""
    blueprint = Blueprint("devform", __name__, url_prefix="/dev-form")

    def page(status: int, values: Any = None, errors: Any = None, searches: Any = None) -> Response:
        session, user = web.db.session(), web.current_user()
        bound = forms.bind(FORM, values, errors, data=DATA, session=session, user=user, searches=searches)
        template = "devform.html" if not web.is_partial() else "_devform.html"
        return web.render(template, status, form=bound)

    @blueprint.get("")
    def show() -> Response:
        return page(200)

    @blueprint.post("")
    def submit() -> Response:
        received = forms.receive(FORM)
        if received.step or received.errors:
            return page(422 if received.errors else 200, received.answers, received.errors, received.searches)
        session, now = web.db.session(), web.clock().now()
        port = FormFiles()
        try:
            answers = port.validate(
                session, FORM, received.answers, data=DATA, actor=web.actor(), instance_id=None, now=now
            )
        except Invalid as wrong:
            return page(422, received.answers, wrong.errors)
        with write_transaction(session):
            port.keep(session, FORM, answers, instance_id="i" * 32, actor=web.actor(), now=now)
        shown = forms.shown_answers(FORM, answers, session, DATA)
        return web.render("devanswers.html", answers=shown, raw=answers)

    return blueprint


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, clock: FixedClock) -> Iterator[Flask]:
    from jinja2 import ChoiceLoader, FileSystemLoader

    app = _build(tmp_path_factory.mktemp("forms"), clock)
    app.register_blueprint(dev_page())
    app.jinja_loader = ChoiceLoader([app.jinja_loader, FileSystemLoader(Path(__file__).parent / "templates")])  # type: ignore[list-item]
    before = dict(forms.pickers)
    forms.pickers["subject"] = (
        site_options,
        lambda _session, key: SITES.get(key, ""),
        lambda _session, user, key: key in VISIBLE_SITES.get(user.username, set()),
    )
    with app.app_context():
        sessions = app.extensions["duban.sessions"]
        Base.metadata.create_all(sessions.kw["bind"])
        with sessions() as session, write_transaction(session):
            people_the_city(session)
        yield app
        sessions.kw["bind"].dispose()
    forms.pickers.clear()
    forms.pickers.update(before)


@pytest.fixture
def photo(session: Session, actor: Callable[[str], Actor], app: Flask) -> Callable[..., str]:
    """`photo("zhao")` → the id of a picture that this person has just uploaded."""

    def upload(key: str, *, text: bool = False) -> str:
        with write_transaction(session):
            stream = io.BytesIO(b"plain words\n") if text else picture()
            name = "a.txt" if text else "a.png"
            return files.store(session, stream, name, by=actor(key), now=START, photo=not text).id

    return upload


def picture() -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "steelblue").save(stream, "PNG")
    stream.seek(0)
    return stream


@pytest.fixture
def validate(session: Session, actor: Callable[[str], Actor]) -> Callable[..., dict[str, Any]]:
    """`validate(fields, answers)` as 赵明远 of the emergency bureau; errors come back as a mapping under "errors"."""

    def run(fields: list[dict[str, Any]], answers: Any, *, by: str = "zhao", **data: Any) -> dict[str, Any]:
        form = {
            "title": {"zh": "表", "en": "Form"},
            "fields": [{"label": {"zh": "项", "en": "Item"}} | f for f in fields],
        }
        content = json.dumps(form).encode()
        assert FormFiles().check("test", content) == []
        try:
            return FormFiles().validate(session, form, answers, data=data, actor=actor(by), instance_id=None, now=START)
        except Invalid as wrong:
            return {"errors": wrong.errors}

    return run


def errors_of(result: dict[str, Any]) -> dict[str, list[str]]:
    assert set(result) == {"errors"}, result
    errors: dict[str, list[str]] = result["errors"]
    return errors


@pytest.fixture
def good(photo: Callable[..., str]) -> dict[str, Any]:
    """Answers that the form with all kinds takes, as HTML would send them."""
    return {
        "method": "on_site",
        "inspected_at": "2026-04-09T10:30",
        "certificate": "３７０６１４０２５",
        "grade": "2",
        "demand": "d2",
        "width": "１.62",
        "cost": "12,000",
        "next_on": "2026-04-20",
        "owner": member("liu").id,
        "supervisor": org_id("emergency"),
        "site": "s1",
        "causes": ["thing"],
        "items": [{"demand_text": "拆除链锁", "verdict": "pass"}],
        "place": {"street": "振兴路", "house": "18"},
        "opinion": "已整改到位，建议销号。",
        "photos": [photo("zhao")],
        "papers": [photo("zhao", text=True)],
        "sure": "true",
    }
