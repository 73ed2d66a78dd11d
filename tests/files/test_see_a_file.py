"""Who sees a file: its sender, and whoever may see what it is attached to. How it is sent: never so that it runs."""

from __future__ import annotations

import datetime as dt
import io
import logging
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import files
from app.audit import Actor
from app.db import write_transaction
from app.engine import Instance
from app.errors import Invalid
from app.files import Attachment
from tests.cast import START, XINGANG, org_id
from tests.files import pictures

SignIn = Callable[[str], FlaskClient]
ActorOf = Callable[[str], Actor]


@pytest.fixture
def stored(app: object, session: Session, actor: ActorOf) -> Attachment:
    with write_transaction(session):
        return files.store(session, io.BytesIO(pictures.photo()), "现场.jpg", by=actor("sun"), now=START)


@pytest.fixture
def instance(session: Session) -> str:
    """A running process of the new harbour, supervised by the emergency bureau."""
    with write_transaction(session):
        row = Instance(
            definition_id=_definition(session), definition_key="k", definition_version=1, status="running", state=b"",
            state_mac="", serializer_version="1", region_code=XINGANG, sector_code="INDUSTRY",
            supervising_org_id=org_id("emergency"), responsible_org_id=org_id("xinyuan"), started_at=START,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def _definition(session: Session) -> str:
    from app.engine import Definition

    row = Definition(
        key=f"k{dt.datetime.now(dt.UTC).timestamp()}", version=1, content_hash="h", status="retired", title_zh="流程",
        title_en="Process", manifest={}, created_at=START,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def test_until_it_is_attached_only_its_sender_sees_it(sign_in: SignIn, stored: Attachment) -> None:
    assert sign_in("sun").get(stored.url).status_code == 200
    for key in ("zhao", "ma", "wang", "root", "zhou"):
        assert sign_in(key).get(stored.url).status_code == 404
        assert sign_in(key).get(f"/api/v1/files/{stored.id}").status_code == 404
        assert sign_in(key).get(stored.thumbnail_url).status_code == 404


def test_attached_it_is_seen_by_whoever_sees_the_process(
    sign_in: SignIn, session: Session, actor: ActorOf, stored: Attachment, instance: str
) -> None:
    with write_transaction(session):
        files.attach(session, [stored.id], by=actor("sun"), now=START, instance_id=instance)
    seen = {
        key: sign_in(key).get(stored.url).status_code for key in ("wang", "zhao", "ma", "zhou", "deng", "he", "root")
    }
    assert seen == {"wang": 200, "zhao": 200, "ma": 200, "zhou": 200, "deng": 404, "he": 404, "root": 404}


def test_somebody_elses_file_cannot_be_attached(
    session: Session, actor: ActorOf, stored: Attachment, instance: str
) -> None:
    with pytest.raises(Invalid), write_transaction(session):
        files.attach(session, [stored.id], by=actor("zhao"), now=START, instance_id=instance)
    with pytest.raises(Invalid), write_transaction(session):
        files.attach(session, ["no-such-file"], by=actor("sun"), now=START, instance_id=instance)


def test_attaching_again_changes_nothing_and_elsewhere_is_refused(
    session: Session, actor: ActorOf, stored: Attachment, instance: str
) -> None:
    for _ in range(2):
        with write_transaction(session):
            files.attach(session, [stored.id], by=actor("sun"), now=START, instance_id=instance)
    with pytest.raises(Invalid), write_transaction(session):
        files.attach(session, [stored.id], by=actor("sun"), now=START, instance_id="another")
    assert [a.id for a in files.of_instance(session, instance)] == [stored.id]


def test_a_photo_is_shown_and_everything_else_only_downloaded(
    sign_in: SignIn, session: Session, actor: ActorOf, stored: Attachment
) -> None:
    with write_transaction(session):
        paper = files.store(session, io.BytesIO(pictures.PDF), "通知.pdf", by=actor("sun"), now=START)
    shown, given = sign_in("sun").get(stored.url), sign_in("sun").get(paper.url)
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert given.headers["Content-Disposition"].startswith("attachment")
    for answer in (shown, given):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "private" in answer.headers["Cache-Control"]
    assert sign_in("sun").get(f"/files/{paper.id}/thumbnail").status_code == 404


def test_a_thumbnail_is_small_and_unchanged_files_are_not_sent_again(sign_in: SignIn, stored: Attachment) -> None:
    from PIL import Image

    browser = sign_in("sun")
    small = browser.get(stored.thumbnail_url)
    assert max(Image.open(io.BytesIO(small.data)).size) <= 480
    again = browser.get(stored.url, headers={"If-None-Match": browser.get(stored.url).headers["ETag"]})
    assert again.status_code == 304


def test_a_file_that_is_gone_from_the_disk_is_not_found(sign_in: SignIn, stored: Attachment) -> None:
    from app.files.storage import path_of

    path_of(stored.key).unlink()
    assert sign_in("sun").get(stored.url).status_code == 404


def test_who_fetches_a_file_is_in_the_log(
    sign_in: SignIn, stored: Attachment, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "duban.web"):
        assert sign_in("sun").get(stored.url).status_code == 200
    (line,) = [record for record in caplog.records if record.message == "request"]
    assert line.user_id is not None
