"""An administrator sees what a version means for running work, tries it, moves it, follows it and takes it back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import worker
from app.audit import SYSTEM, Actor, AuditRecord
from app.clock import FixedClock
from app.db import write_transaction
from app.designer.drafts import Draft, operations
from app.designer.migrating import words
from app.engine import Engine, HumanTask, Instance, Migration, MigrationItem, Package
from tests.engine import diagrams as d

SignIn = Callable[[str], FlaskClient]
Actors = Callable[[str], Actor]
KEY = "leave"
PAGE = f"/designer/processes/{KEY}/migration"
TITLE = "某某的家事"  # business: never told to administrators
MANIFEST = 'instance_title = "what"\nbusiness_key = "no"\ninputs = ["what", "no"]\n'


def version(*steps: str) -> Package:
    nodes = [d.user(step, name=f"步骤{step}", deadline="P3D") for step in steps]
    return d.package(KEY, *nodes, d.end(), manifest=MANIFEST)


@pytest.fixture(scope="module")
def engine(app: Flask) -> Engine:
    """Two versions; three instances of the first: one at a step that the second has not."""
    found: Engine = app.extensions["duban.engine"]
    found.deploy(version("one", "two", "three"), by=SYSTEM)
    for number in range(3):
        found.start(KEY, {"what": TITLE, "no": f"QJ-{number}"}, by=SYSTEM)
    with found.sessions() as session:
        first = session.query(HumanTask).filter_by(definition_key=KEY, business_key="QJ-0").one()
    found.complete(first.id, {}, by=SYSTEM)
    found.deploy(version("one", "three", "four"), by=SYSTEM)
    return found


def versions(session: Session) -> list[int]:
    session.rollback()
    session.expire_all()
    rows = session.query(Instance).filter_by(definition_key=KEY).order_by(Instance.business_key)
    return [row.definition_version for row in rows]


def test_to_others_the_pages_do_not_exist(engine: Engine, sign_in: SignIn) -> None:
    for who in ("zhao", "wang", "shen"):
        client = sign_in(who)
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, data={"from": 1, "to": 2, "act": "start", "reason": "改"}).status_code == 404
        sent = {"from": 1, "to": 2, "dry_run": True}
        assert client.post(f"/api/v1/definitions/{KEY}/migrations", json=sent).status_code == 403


def test_where_work_stands_which_can_move_and_why_not_without_what_it_is_about(engine: Engine, sign_in: SignIn) -> None:
    page = sign_in("root").get(PAGE, query_string={"from": 1, "to": 2}).text
    assert "QJ-0" in page and "步骤two" in page and "没有这个节点" in page
    assert TITLE not in page
    english = sign_in("root").get(PAGE, query_string={"from": 1, "to": 2}, headers={"Accept-Language": "en"})
    assert "no such node" in english.text or "没有这个节点" in english.text


def test_the_impact_of_a_draft_is_shown_before_it_is_published(
    app: Flask, engine: Engine, clock: FixedClock, actor: Actors, sign_in: SignIn
) -> None:
    with engine.sessions() as session, write_transaction(session):
        files = dict(version("one", "two", "other", "three").files)
        draft = operations.create(session, KEY, "请假", files, by=actor("root"), at=clock.now())
        broken = operations.create(session, KEY, "坏的", {"process.bpmn": b"<a/>"}, by=actor("root"), at=clock.now())
        ids: list[Draft] = [draft, broken]
        good, bad = (one.id for one in ids)
    page = sign_in("root").get(f"/designer/drafts/{good}/impact", query_string={"from": 1})
    assert page.status_code == 200 and "发布草稿不会改变在办事项" in page.text and "开始迁移" not in page.text
    tried = sign_in("root").post(f"/designer/drafts/{good}/impact", data={"from": 1, "act": "try"}).text
    assert "可以迁移 3 件" in tried
    assert sign_in("root").get(f"/designer/drafts/{bad}/impact", query_string={"from": 1}).status_code == 422
    assert sign_in("zhao").get(f"/designer/drafts/{good}/impact").status_code == 404


def test_an_unchanged_draft_is_told_to_change_nothing_and_where_work_stands(
    engine: Engine, clock: FixedClock, actor: Actors, sign_in: SignIn
) -> None:
    with engine.sessions() as session, write_transaction(session):
        new = operations.from_version(session, KEY, None, by=actor("root"), at=clock.now()).id
        old = operations.from_version(session, KEY, 1, by=actor("root"), at=clock.now()).id
    page = sign_in("root").get(f"/designer/drafts/{new}/impact")
    assert page.status_code == 200 and "草稿与现行第 2 版一致，发布不会影响在办事项" in page.text
    page = sign_in("root").get(f"/designer/drafts/{old}/impact")
    assert page.status_code == 200 and "草稿与第 1 版一致" in page.text
    assert "步骤two 1 件" in page.text and "QJ-0" in page.text and "试迁移" not in page.text


def test_a_dry_run_changes_nothing_and_the_chosen_node_counts(
    engine: Engine, sign_in: SignIn, session: Session
) -> None:
    root = sign_in("root")
    tried = root.post(PAGE, data={"from": 1, "to": 2, "act": "try", "map:one": "one"}).text
    assert "可以迁移 2 件" in tried and "不能 1 件" in tried
    mapped = root.post(PAGE, data={"from": 1, "to": 2, "act": "try", "map:one": "one", "map:two": "three"}).text
    assert "可以迁移 3 件" in mapped
    answered = root.post(f"/api/v1/definitions/{KEY}/migrations", json={"from": 1, "to": 2, "dry_run": True}).json
    assert sorted(one["ok"] for one in answered["results"]) == [False, True, True]
    assert answered["plan"]["total"] == 3 and TITLE not in str(answered)
    assert versions(session) == [1, 1, 1]


def test_it_is_started_followed_and_taken_back_one_by_one(engine: Engine, sign_in: SignIn, session: Session) -> None:
    root = sign_in("root")
    assert root.post(PAGE, data={"from": 1, "to": 2, "act": "start", "reason": " "}).status_code == 422
    assert root.post(PAGE, data={"from": 2, "to": 1, "act": "start", "reason": "改"}).status_code == 409
    started = root.post(PAGE, data={"from": 1, "to": 2, "act": "start", "reason": "流程修订"})
    assert started.status_code == 303
    here = started.headers["Location"]
    assert root.post(PAGE, data={"from": 1, "to": 2, "act": "start", "reason": "再来"}).status_code == 409
    assert "data-refresh-every" in root.get(here).text
    while engine.run_migrations():
        pass
    assert versions(session) == [1, 2, 2]
    page = root.get(here).text
    assert "未迁移" in page and "没有这个节点" in page and TITLE not in page and "data-refresh-every" not in page
    sheet = root.get(f"{here}/items.csv")
    assert sheet.mimetype == "text/csv" and "QJ-1" in sheet.text and TITLE not in sheet.text
    item = re.findall(r'name="items" value="(\w+)"', page)[0]
    assert root.post(f"{here}/undo", data={"items": item}).status_code == 303
    assert sorted(versions(session)) == [1, 1, 2]
    assert root.post(f"{here}/undo", data={"items": item}).status_code == 409
    assert root.post(f"{here}/cancellation", data={"reason": "停"}).status_code == 409
    assert sign_in("zhao").post(f"{here}/undo").status_code == 404
    migration = session.query(Migration).one()
    told = session.query(AuditRecord).filter_by(object_id=migration.id).order_by(AuditRecord.seq)
    assert [row.action for row in told][:2] == ["migrations.started", "migrations.undone"]
    assert root.get(f"/api/v1/migrations/{migration.id}").json["counts"]["failed"] == 1
    assert len(root.get(f"/api/v1/migrations/{migration.id}/items").json) == 3


def test_an_old_state_is_kept_as_long_as_it_can_be_gone_back_to(app: Flask, engine: Engine, session: Session) -> None:
    """Of the two that moved one was taken back; the other can be until somebody works on it."""

    def kept() -> list[str]:
        session.rollback()
        rows = session.query(MigrationItem).filter(MigrationItem.state.is_not(None))
        return [row.instance_id for row in rows]

    (moved,) = session.query(Instance).filter_by(definition_key=KEY, definition_version=2)
    moved_id = moved.id
    assert len(kept()) == 2
    worker.sweep(app)
    assert kept() == [moved_id]
    task = session.query(HumanTask).filter_by(instance_id=moved_id, status="open").one()
    engine.complete(task.id, {}, by=SYSTEM)
    worker.sweep(app)
    assert kept() == []
    (item,) = session.query(MigrationItem).filter_by(instance_id=moved_id)
    (late,) = engine.undo_migration(item.migration_id, [item.id], by=SYSTEM)
    assert late.reason is not None and late.reason.code == "gone_on"


def test_of_a_fault_administrators_are_told_its_class_and_not_what_it_quotes(app: Flask) -> None:
    with app.test_request_context():
        for code in ("fault", "steps_fail"):
            told = words.told({"code": code, "data": {"detail": "LookupError: 新港化工没有负责人"}})
            assert "LookupError" in told and "新港化工" not in told
