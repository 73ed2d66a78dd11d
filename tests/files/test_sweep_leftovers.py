"""What nobody needs any more goes; what is in use, or may still be used, stays."""

from __future__ import annotations

import datetime as dt
import io
import os
import time
from collections.abc import Callable

from flask import Flask
from sqlalchemy.orm import Session

from app import files
from app.audit import Actor
from app.db import write_transaction
from app.files import Attachment
from app.files.operations import UNATTACHED_KEPT
from app.files.storage import path_of, root
from tests.files import pictures

ActorOf = Callable[[str], Actor]
DAY = dt.timedelta(days=1)


def stored(session: Session, actor: ActorOf, age: dt.timedelta, **attached: str) -> Attachment:
    with write_transaction(session):
        made = files.store(
            session, io.BytesIO(pictures.photo()), "a.jpg", by=actor("sun"), now=dt.datetime.now(dt.UTC) - age
        )
        for name, value in attached.items():
            setattr(made, name, value)
    return made


def sweep(session: Session) -> int:
    with write_transaction(session):
        return files.sweep(session, older_than=DAY)


def test_a_file_that_nobody_attached_goes_after_its_time_with_its_thumbnail(session: Session, actor: ActorOf) -> None:
    old = stored(session, actor, UNATTACHED_KEPT + DAY)
    young = stored(session, actor, UNATTACHED_KEPT - DAY)
    used = stored(session, actor, UNATTACHED_KEPT + DAY, subject_kind="hazard", subject_id="1")
    assert sweep(session) == 1
    assert session.get(Attachment, old.id) is None
    assert not path_of(old.key).exists() and not path_of(old.key, thumbnail=True).exists()
    assert path_of(young.key).exists() and path_of(used.key).exists()
    assert sweep(session) == 0


def test_leftovers_on_disk_go_after_a_day(app: Flask, session: Session, actor: ActorOf) -> None:
    kept = stored(session, actor, DAY)
    orphan = path_of("ab" * 16)
    broken = root() / "incoming" / "x" / "raw"
    fresh = path_of("cd" * 16)
    for path in (orphan, broken, fresh):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left")
    long_ago = time.time() - 2 * 86400
    for path in (orphan, broken, path_of(kept.key)):
        os.utime(path, (long_ago, long_ago))
    assert sweep(session) == 2
    assert not orphan.exists() and not broken.exists()
    assert fresh.exists() and path_of(kept.key).exists()
