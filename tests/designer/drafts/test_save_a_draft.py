"""Autosave: what one administrator writes is never overwritten unknowingly by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.audit import Actor, AuditRecord
from app.clock import FixedClock, local
from app.db import write_transaction
from app.designer.drafts import Draft, find, operations, package_of, save
from app.errors import Conflict

SignIn = Callable[[str], FlaskClient]
Actors = Callable[[str], Actor]


@pytest.fixture
def draft(app: Flask, clock: FixedClock, actor: Actors) -> Draft:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        files = {"process.toml": b"[title]", "process.bpmn": b"<a/>", "forms/start.json": b"{}"}
        return operations.create(session, "permit", "许可", files, by=actor("root"), at=clock.now())


def put(client: FlaskClient, draft: Draft, rev: Any, files: Any) -> TestResponse:
    path = f"/designer/drafts/{draft.id}/files"
    return client.put(path, json={"rev": rev, "files": files}, headers={"Accept": "application/json"})


def test_a_save_writes_only_what_it_names_and_counts_on(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    client = sign_in("root")
    saved = put(client, draft, 1, {"process.bpmn": "<b/>", "forms/start.json": None})
    assert saved.status_code == 200, saved.text
    assert saved.json["rev"] == 2
    found = client.get(f"/designer/drafts/{draft.id}/files").json
    assert (found["rev"], found["key"], found["read_only"], found["layout"]) == (2, "permit", False, False)
    assert found["files"] == {"process.toml": "[title]", "process.bpmn": "<b/>"}


def test_a_save_of_what_is_there_already_is_no_new_revision(sign_in: SignIn, draft: Draft) -> None:
    assert put(sign_in("root"), draft, 1, {"process.bpmn": "<a/>", "gone.txt": None}).json["rev"] == 1


def test_who_saves_second_is_told_who_when_and_what_and_nothing_is_lost(
    app: Flask, clock: FixedClock, sign_in: SignIn, draft: Draft
) -> None:
    other = Actor("1" * 32, "钱管理")  # the other administrator, who has the same draft open
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        save(session, draft, 1, {"process.bpmn": b"<mine/>", "forms/start.json": None}, other, clock.now())
    refused = put(sign_in("root"), draft, 1, {"process.toml": "theirs"})
    assert refused.status_code == 409
    assert (refused.json["rev"], refused.json["by"]) == (2, "钱管理")
    assert refused.json["files"] == ["forms/start.json", "process.bpmn"]
    assert refused.json["at"] == local(clock.now()).isoformat()
    assert sign_in("root").get(f"/designer/drafts/{draft.id}/files").json["files"]["process.toml"] == "[title]"


def test_the_face_of_the_part_raises_the_conflict(app: Flask, clock: FixedClock, actor: Actors, draft: Draft) -> None:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        root = actor("root")
        save(session, find(session, draft.id), 1, {"a.txt": b"1"}, root, clock.now())
        with pytest.raises(Conflict) as raised:
            save(session, find(session, draft.id), 1, {"a.txt": b"2"}, root, clock.now())
        assert raised.value.extra["files"] == ["a.txt"]
        assert package_of(session, find(session, draft.id)).files["a.txt"] == b"1"


@pytest.mark.parametrize(
    ("rev", "files"),
    [
        ("1", {}),
        (1, None),
        (1, {"a": 5}),
        (1, {"../a": "x"}),
        (1, {"/a": "x"}),
        (1, {"a\\b": "x"}),
        (1, {".hidden": "x"}),
        (1, {"a.txt": "x" * (2 * 1024 * 1024 + 1)}),
        (1, {f"{n}.txt": "x" for n in range(201)}),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(sign_in: SignIn, draft: Draft, rev: Any, files: Any) -> None:
    assert put(sign_in("root"), draft, rev, files).status_code == 422


@pytest.mark.parametrize("key", ["shen", "wang", "lin", "wu"])
def test_nobody_else_finds_a_draft(sign_in: SignIn, draft: Draft, key: str) -> None:
    assert put(sign_in(key), draft, 1, {"process.bpmn": "<b/>"}).status_code == 404
    assert sign_in(key).get(f"/designer/drafts/{draft.id}/files").status_code == 404
    assert sign_in(key).get("/designer").status_code == 404


def test_every_save_is_in_the_audit_log(app: Flask, sign_in: SignIn, draft: Draft) -> None:
    put(sign_in("root"), draft, 1, {"process.bpmn": "<b/>"})
    with app.extensions["duban.sessions"]() as session:
        rows = session.scalars(sa.select(AuditRecord).where(AuditRecord.object_id == draft.id)).all()
        assert [row.action for row in rows] == ["drafts.created", "drafts.saved"]
        assert rows[1].detail == {"key": "permit", "rev": 2, "files": ["process.bpmn"]}


def test_a_revision_and_a_name_that_no_database_takes_are_refused_in_words(sign_in: SignIn, draft: Draft) -> None:
    assert put(sign_in("root"), draft, 10**30, {"process.bpmn": "<b/>"}).status_code == 409
    path, half = f"/designer/drafts/{draft.id}/files", rb'{"rev": 1, "files": {"forms/\ud800.json": "{}"}}'
    assert sign_in("root").put(path, data=half, content_type="application/json").status_code == 422
    begun = sign_in("root").post("/designer/drafts", data={"process": "hazard_request", "version": 10**30})
    assert begun.status_code == 422
