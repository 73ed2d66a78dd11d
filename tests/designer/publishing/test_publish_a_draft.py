"""A draft becomes the version in force when a second person agrees: at once, at its time, or not at all."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.audit import SYSTEM, Actor, AuditRecord
from app.clock import FixedClock, local
from app.config import ROOT
from app.db import write_transaction
from app.designer.drafts import Draft, operations
from app.designer.publishing import Publication
from app.engine import Definition, Engine, History, HumanTask, load_folder
from app.errors import Forbidden, Invalid
from app.notifications import Notification
from tests.cast import START

SignIn = Callable[[str], FlaskClient]
Actors = Callable[[str], Actor]
EXAMPLE = load_folder(ROOT / "tests" / "bpmn" / "examples" / "two_step_approval")
KEY = EXAMPLE.key
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def engine(app: Flask) -> Engine:
    engine: Engine = app.extensions["duban.engine"]
    engine.deploy(EXAMPLE, by=SYSTEM)
    return engine


@pytest.fixture(autouse=True)
def office_hours(clock: FixedClock) -> None:
    clock.set(max(START, clock.now()))


@pytest.fixture(autouse=True)
def nothing_open(app: Flask, engine: Engine, actor: Actors) -> Iterator[None]:
    yield
    with app.extensions["duban.sessions"]() as session:
        left = session.scalars(sa.select(Publication).where(Publication.status.in_(("waiting", "refused", "approved"))))
        ids = [one.instance_id for one in left]
    for instance_id in ids:
        engine.cancel(instance_id, "测试结束", by=actor("root"))


class City:
    """What the two administrators do."""

    def __init__(self, app: Flask, engine: Engine, sign_in: SignIn, actor: Actors) -> None:
        self.app, self.engine, self.sign_in, self.actor = app, engine, sign_in, actor
        self.count = 0

    def draft(self, old: str = "采购申请", new: str = "") -> Draft:
        """A draft of the version in force whose title is another one."""
        City.count_of += 1
        with self.app.extensions["duban.sessions"]() as session, write_transaction(session):
            draft = operations.from_version(session, KEY, None, by=self.actor("root"), at=self.engine.clock.now())
            text = f'description = {{ zh = "第 {City.count_of} 稿", en = "Draft {City.count_of}" }}'
            toml = re.sub(r"^description = .*$", text, EXAMPLE.files["process.toml"].decode(), flags=re.MULTILINE)
            return operations.save(
                session, draft, 1, {"process.toml": toml.encode()}, self.actor("root"), self.engine.clock.now()
            )

    count_of = 0

    def submit(self, draft: Draft, note: str = "改说明", **more: str) -> TestResponse:
        data = {"note": note, **more}
        return self.sign_in("root").post(f"/designer/drafts/{draft.id}/publication", data=data)

    def publication(self, draft: Draft) -> Publication:
        with self.app.extensions["duban.sessions"]() as session:
            select = sa.select(Publication).where(Publication.draft_id == draft.id)
            return session.scalars(select).one()

    def task(self, publication: Publication, node: str) -> HumanTask:
        with self.app.extensions["duban.sessions"]() as session:
            select = sa.select(HumanTask).where(HumanTask.instance_id == publication.instance_id)
            return session.scalars(select.where(HumanTask.node_id == node, HumanTask.status == "open")).one()

    def decide(self, publication: Publication, by: str = "shen", node: str = "approve", **answers: Any) -> Any:
        return self.engine.complete(self.task(publication, node).id, answers, by=self.actor(by))

    def in_force(self, key: str = KEY) -> Definition | None:
        with self.app.extensions["duban.sessions"]() as session:
            return session.scalar(sa.select(Definition).where(Definition.key == key, Definition.status == "published"))

    def version(self) -> int:
        found = self.in_force()
        assert found is not None
        return found.version


@pytest.fixture
def city(app: Flask, engine: Engine, sign_in: SignIn, actor: Actors) -> City:
    return City(app, engine, sign_in, actor)


def test_a_draft_is_in_force_when_a_second_person_agrees(city: City, sign_in: SignIn, actor: Actors) -> None:
    before, draft = city.version(), city.draft()
    page = sign_in("root").get(f"/designer/drafts/{draft.id}/publication").get_data(as_text=True)
    assert "提交审批" in page
    assert "没有发现问题" in page
    assert city.submit(draft).status_code == 303
    publication = city.publication(draft)
    assert (publication.status, city.version()) == ("waiting", before)
    inbox = sign_in("shen").get("/tasks?box=claimable").get_data(as_text=True)
    assert "审批发布" in inbox
    assert sign_in("shen").get("/").location == "/tasks"  # the inbox shows as soon as there is something to take
    task = sign_in("shen").get(f"/tasks/{city.task(publication, 'approve').id}").get_data(as_text=True)
    assert "改说明" in task
    assert f"/designer/publications/{publication.id}" in task
    city.decide(publication, decision="agree")
    now = city.in_force()
    assert now is not None
    assert (now.version, now.author_id, now.publisher_id) == (before + 1, actor("root").id, actor("shen").id)
    page = sign_in("root").get(f"/designer/processes/{KEY}").get_data(as_text=True)
    assert "改说明" in page
    assert "安全管理员" in page
    with city.app.extensions["duban.sessions"]() as session:
        acts = session.scalars(sa.select(AuditRecord.action).where(AuditRecord.object_id == publication.id)).all()
        assert acts == ["publications.submitted", "publications.approved", "publications.published"]


def test_while_somebody_decides_the_draft_stays_as_it_is(city: City, sign_in: SignIn) -> None:
    draft = city.draft()
    city.submit(draft)
    body = {"rev": 2, "files": {"process.toml": "x"}}
    assert sign_in("root").put(f"/designer/drafts/{draft.id}/files", json=body, headers=JSON).status_code == 409
    assert sign_in("root").post(f"/designer/drafts/{draft.id}/deletion").status_code == 409
    again = city.submit(draft, "再报一次")
    assert again.status_code == 422
    assert "已就这个流程提交了申请" in again.get_data(as_text=True)


@pytest.mark.only_postgresql
def test_of_two_who_submit_at_once_one_is_told_of_the_other(city: City, engine: Engine, actor: Actors) -> None:
    drafts = [city.draft(), city.draft()]
    told: list[BaseException | None] = []

    def submit(draft: Draft) -> None:
        data = {"action": "publish", "process_key": KEY, "draft_id": draft.id, "note": "同时", "effective_at": None}
        try:
            with city.app.app_context():
                engine.start("process_publication", data, by=actor("root"))
        except Invalid as refused:
            told.append(refused)
        else:
            told.append(None)

    both = [threading.Thread(target=submit, args=(draft,)) for draft in drafts]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(told) == 2 and told.count(None) == 1
    with city.app.extensions["duban.sessions"]() as session:
        assert len(session.scalars(sa.select(Publication).where(Publication.status == "waiting")).all()) == 1


def test_a_double_click_submits_once_and_says_nothing_is_wrong(city: City, sign_in: SignIn) -> None:
    draft = city.draft()
    clients = [sign_in("root"), sign_in("root")]
    answers: list[TestResponse] = []

    def click(client: FlaskClient) -> None:
        answers.append(client.post(f"/designer/drafts/{draft.id}/publication", data={"note": "点了两下\r\n只算一次"}))

    both = [threading.Thread(target=click, args=(client,)) for client in clients]
    for one in both:
        one.start()
    for one in both:
        one.join()
    answers.append(city.submit(draft, "点了两下\n只算一次"))  # and once more, after the page has answered
    publication = city.publication(draft)
    with city.app.extensions["duban.sessions"]() as session:
        acts = session.scalars(sa.select(AuditRecord.action).where(AuditRecord.object_id == publication.id)).all()
        events = session.scalars(sa.select(History.event).where(History.instance_id == publication.instance_id)).all()
    assert (acts, events.count("publications.submitted")) == (["publications.submitted"], 1)
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert city.submit(draft, "另一个说明").status_code == 422  # that is another request, and would be lost
    wrong = {"note": "点了两下\n只算一次", "effective_at": "abc"}
    assert clients[0].post(f"/designer/drafts/{draft.id}/publication", data=wrong).status_code == 422


def test_the_author_does_not_decide(city: City, actor: Actors) -> None:
    draft = city.draft()
    city.submit(draft)
    with pytest.raises((Forbidden, Invalid)):
        city.decide(city.publication(draft), by="root", decision="agree")
    assert city.publication(draft).status == "waiting"


def test_refused_with_a_reason_it_comes_back_and_is_submitted_again(city: City, sign_in: SignIn) -> None:
    before, draft = city.version(), city.draft()
    city.submit(draft)
    publication = city.publication(draft)
    with pytest.raises(Invalid) as raised:
        city.decide(publication, decision="refuse")
    assert "reason" in raised.value.errors
    city.decide(publication, decision="refuse", reason="说明不全")
    assert city.publication(draft).status == "refused"
    page = sign_in("root").get(f"/designer/drafts/{draft.id}/publication").get_data(as_text=True)
    assert "说明不全" in page
    toml = sign_in("root").get(f"/designer/drafts/{draft.id}/files").json["files"]["process.toml"]
    body = {"rev": 2, "files": {"process.toml": toml + "\n# 补充\n"}}
    assert sign_in("root").put(f"/designer/drafts/{draft.id}/files", json=body, headers=JSON).status_code == 200
    city.decide(publication, by="root", node="revise", decision="resubmit", note="已补充")
    city.decide(publication, decision="agree")
    assert (city.version(), city.publication(draft).status) == (before + 1, "published")
    assert city.publication(draft).note == "已补充"


def test_what_is_given_back_may_be_withdrawn(city: City) -> None:
    before, draft = city.version(), city.draft()
    city.submit(draft)
    publication = city.publication(draft)
    city.decide(publication, decision="refuse", reason="不必改")
    city.decide(publication, by="root", node="revise", decision="withdraw")
    assert (city.version(), city.publication(draft).status) == (before, "withdrawn")


def test_a_request_whose_draft_is_gone_may_still_be_withdrawn(city: City, sign_in: SignIn) -> None:
    draft = city.draft()
    city.submit(draft)
    publication = city.publication(draft)
    city.decide(publication, decision="refuse", reason="不必改")
    assert sign_in("root").post(f"/designer/drafts/{draft.id}/deletion").status_code == 303
    city.decide(publication, by="root", node="revise", decision="withdraw")
    assert city.publication(draft).status == "withdrawn"
    assert city.submit(city.draft()).status_code == 303


def test_who_submitted_may_take_it_back_once(city: City, sign_in: SignIn) -> None:
    draft = city.draft()
    city.submit(draft)
    path = f"/designer/publications/{city.publication(draft).id}/withdrawal"
    assert sign_in("wang").post(path).status_code == 404
    assert sign_in("shen").post(path, headers=JSON).status_code == 403
    assert sign_in("root").post(path, data={"reason": "还要改"}).status_code == 303
    assert city.publication(draft).status == "withdrawn"
    assert sign_in("root").post(path, headers=JSON).status_code == 409
    assert city.submit(draft).status_code == 303


def test_at_a_set_time_the_diagrams_timer_puts_it_into_effect(city: City, clock: FixedClock) -> None:
    before, draft = city.version(), city.draft()
    at = local(clock.now() + dt.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert city.submit(draft, effective_at="2020-01-01T08:00").status_code == 422
    assert city.submit(draft, effective_at=at).status_code == 303
    publication = city.publication(draft)
    city.decide(publication, decision="agree")
    assert (city.version(), city.publication(draft).status) == (before, "approved")
    clock.set(clock.now() + dt.timedelta(days=2, minutes=-10))
    city.engine.run_due_timers()
    assert city.version() == before
    clock.set(clock.now() + dt.timedelta(minutes=11))
    city.engine.run_due_timers()
    assert (city.version(), city.publication(draft).status) == (before + 1, "published")


def test_faults_and_a_version_that_is_there_already_are_refused(city: City, sign_in: SignIn) -> None:
    with city.app.extensions["duban.sessions"]() as session, write_transaction(session):
        root, now = city.actor("root"), city.engine.clock.now()
        same = operations.from_version(session, KEY, None, by=root, at=now)
        broken = operations.from_version(session, KEY, None, by=root, at=now)
        operations.save(session, broken, 1, {"forms/review.json": None}, root, now)
    refused = city.submit(same)
    assert refused.status_code == 422
    assert "完全相同" in refused.get_data(as_text=True)
    refused = city.submit(broken)
    assert refused.status_code == 422
    assert "处错误，改正后才能发布" in refused.get_data(as_text=True)


def test_a_draft_of_an_older_version_asks_for_a_confirmation(city: City) -> None:
    old, new = city.draft(), city.draft()
    city.submit(new)
    city.decide(city.publication(new), decision="agree")
    refused = city.submit(old)
    assert refused.status_code == 422
    assert "现行已是" in refused.get_data(as_text=True)
    assert city.submit(old, overtaken="1").status_code == 303


def deployed_meanwhile(city: City, actor: Actors, name: str) -> int:
    """Somebody deploys another version past the designer."""
    toml = EXAMPLE.files["process.toml"] + f"# {name}\n".encode()
    files = {**EXAMPLE.files, "process.toml": toml}
    return city.engine.deploy(type(EXAMPLE)(KEY, files), by=actor("root")).version


def test_what_was_compared_with_another_version_is_not_agreed_to(city: City, sign_in: SignIn, actor: Actors) -> None:
    draft = city.draft()
    city.submit(draft)
    publication, compared = city.publication(draft), city.version()
    newer = deployed_meanwhile(city, actor, "插进来的版本")
    page = sign_in("shen").get(f"/designer/publications/{publication.id}").get_data(as_text=True)
    assert f"申请是与 v{compared} 核对的，现行已是 v{newer}" in page
    with pytest.raises(Invalid) as raised:
        city.decide(publication, decision="agree")
    assert f"现行已是 v{newer}" in str(raised.value.errors["decision"][0])
    assert city.version() == newer
    for path in (f"/designer/drafts/{draft.id}", f"/designer/drafts/{draft.id}/check"):
        assert f"现行已是 v{newer}" in sign_in("root").get(path).get_data(as_text=True)
    city.decide(publication, decision="refuse", reason="请与现行版本核对")
    city.decide(publication, by="root", node="revise", decision="resubmit", note="已核对")
    city.decide(publication, decision="agree")
    assert city.version() == newer + 1


def test_a_version_that_comes_between_approval_and_effect_sends_the_request_back(
    city: City, sign_in: SignIn, clock: FixedClock, actor: Actors
) -> None:
    draft = city.draft()
    city.submit(draft, effective_at=local(clock.now() + dt.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"))
    publication, compared = city.publication(draft), city.version()
    city.decide(publication, decision="agree")
    newer = deployed_meanwhile(city, actor, "到时间前插进来的版本")
    clock.set(clock.now() + dt.timedelta(hours=3))
    city.engine.run_due_timers()
    assert (city.version(), city.publication(draft).status) == (newer, "refused")
    told = f"申请是与 v{compared} 核对的，现行已是 v{newer}"
    assert told in sign_in("root").get(f"/designer/drafts/{draft.id}/publication").get_data(as_text=True)
    task = city.task(publication, "revise")  # who asked has a task, and who approved is told of it
    assert task.assignee_id == actor("root").id
    city.engine.deliver_outbox()
    with city.app.extensions["duban.sessions"]() as session:
        told_to = session.scalars(sa.select(Notification.user_id).where(Notification.task_id == task.id)).all()
    assert actor("shen").id in told_to


def test_an_older_version_comes_back_by_a_second_person(city: City, sign_in: SignIn) -> None:
    draft = city.draft()
    city.submit(draft)
    city.decide(city.publication(draft), decision="agree")
    newest, client = city.version(), sign_in("root")
    path = f"/designer/processes/{KEY}/publications"
    for version, word in ((newest, "正在使用"), (99, "没有这个版本")):
        refused = client.post(path, data={"action": "roll_back", "version": version, "note": "退回"})
        assert refused.status_code == 422
        assert word in refused.get_data(as_text=True)
    assert client.post(path, data={"action": "roll_back", "version": "1", "note": "新版有误"}).status_code == 303
    with city.app.extensions["duban.sessions"]() as session:
        publication = session.scalars(sa.select(Publication).where(Publication.action == "roll_back")).one()
    page = sign_in("shen").get(f"/designer/publications/{publication.id}").get_data(as_text=True)
    assert "新版有误" in page
    city.decide(publication, decision="agree")
    assert city.version() == 1


def test_a_retired_process_starts_no_more_and_running_ones_go_on(city: City, sign_in: SignIn) -> None:
    running = city.engine.start(KEY, {"item": "灭火器", "amount": 1, "cost": 5}, by=city.actor("zhao"))
    path = f"/designer/processes/{KEY}/publications"
    assert sign_in("root").post(path, data={"action": "retire", "note": "不再使用"}).status_code == 303
    with city.app.extensions["duban.sessions"]() as session:
        publication = session.scalars(sa.select(Publication).where(Publication.action == "retire")).one()
    city.decide(publication, decision="agree")
    assert city.in_force() is None
    assert KEY not in sign_in("zhao").get("/start").get_data(as_text=True)
    city.engine.complete(running.tasks[0], {"review": "refuse", "remark": "预算不足"}, by=city.actor("zhao"))
    assert "已停用" in sign_in("root").get("/designer").get_data(as_text=True)
    again = sign_in("root").post(path, data={"action": "roll_back", "version": "1", "note": "恢复使用"})
    assert again.status_code == 303
    with city.app.extensions["duban.sessions"]() as session:
        select = sa.select(Publication).where(Publication.action == "roll_back", Publication.status == "waiting")
        city.decide(session.scalars(select).one(), decision="agree")
    assert city.version() == 1


def test_what_others_start_and_the_approval_itself_are_not_retired(city: City, sign_in: SignIn) -> None:
    for key, word in (("supervision", "还有流程要用到它"), ("process_publication", "发布审批本身不能停用")):
        path = f"/designer/processes/{key}/publications"
        refused = sign_in("root").post(path, data={"action": "retire", "note": "不再使用"})
        assert refused.status_code == 422
        assert word in refused.get_data(as_text=True)


@pytest.mark.parametrize("key", ["wang", "lin", "wu", "cha"])
def test_outsiders_find_no_request(city: City, sign_in: SignIn, key: str) -> None:
    draft = city.draft()
    city.submit(draft)
    publication = city.publication(draft)
    for path in (
        f"/designer/publications/{publication.id}",
        f"/designer/publications/{publication.id}/process.bpmn",
        f"/designer/drafts/{draft.id}/publication",
        f"/designer/processes/{KEY}",
    ):
        assert sign_in(key).get(path).status_code == 404, path
    assert sign_in(key).post(f"/designer/processes/{KEY}/publications", data={"action": "retire"}).status_code == 404


def test_nobody_waits_for_the_check_of_a_submission(
    city: City, engine: Engine, monkeypatch: pytest.MonkeyPatch, actor: Actors
) -> None:
    """It is done before anything is written, and again only where the draft was saved meanwhile."""
    from app.designer.publishing import refusals

    inside: list[bool] = []
    started, check = False, refusals.drafts.check

    def start(*args: Any, **more: Any) -> Any:
        nonlocal started
        started = True
        if meanwhile is not None:
            meanwhile()
        return begin(*args, **more)

    def looked(*args: Any) -> Any:
        inside.append(started)
        return check(*args)

    begin, meanwhile = engine.start, None
    monkeypatch.setattr(engine, "start", start)
    monkeypatch.setattr(refusals.drafts, "check", looked)
    draft = city.draft()
    assert city.submit(draft).status_code == 303
    assert inside == [False]
    engine.cancel(city.publication(draft).instance_id, "重来", by=actor("root"))

    def save() -> None:
        with city.app.extensions["duban.sessions"]() as session, write_transaction(session):
            found = session.get_one(Draft, second.id)
            files: dict[str, bytes | None] = {"forms/review.json": None}
            operations.save(session, found, found.rev, files, actor("root"), city.engine.clock.now())

    second, started, meanwhile = city.draft(), False, save
    inside.clear()
    refused = city.submit(second)
    assert (refused.status_code, inside[:2]) == (422, [False, True])


def test_a_statutory_step_stays_by_every_way_in(city: City, sign_in: SignIn, actor: Actors) -> None:
    """The hazard process without its re-inspection: as a draft, over the API, and published from before."""
    package = load_folder(ROOT / "bpmn" / "hazard_rectification")
    statutory = re.search(rb'<spiffworkflow:property name="statutory" value="true" />', package.diagram)
    assert statutory
    changed = package.diagram.replace(statutory.group(), b"", 1)
    files = {**package.files, "process.bpmn": changed}
    texts = {name: content.decode() for name, content in files.items()}
    answer = sign_in("root").post("/api/v1/definitions", json={"key": package.key, "files": texts})
    assert answer.status_code == 422
    assert "statutory_unmarked" in {problem["code"] for problem in answer.json["problems"]}
    with city.app.extensions["duban.sessions"]() as session, write_transaction(session):
        now = city.engine.clock.now()
        draft = operations.create(session, package.key, "隐患", files, by=actor("root"), at=now, base_version=1)
    refused = sign_in("root").post(f"/designer/drafts/{draft.id}/publication", data={"note": "去掉"})
    assert refused.status_code == 422
    assert "不再标明为法定" in refused.get_data(as_text=True)
    stored = city.engine.deploy(type(package)(package.key, files), by=actor("root"), publish=False)
    path = f"/api/v1/definitions/{package.key}/versions/{stored.version}/publication"
    assert sign_in("shen").post(path).status_code == 422


def test_retiring_a_process_first_is_no_way_round_its_statutory_steps(city: City, actor: Actors) -> None:
    package = load_folder(ROOT / "bpmn" / "inspection")
    mark = b'<spiffworkflow:property name="statutory" value="true" />'
    assert mark in package.diagram
    changed = {**package.files, "process.bpmn": package.diagram.replace(mark, b"", 1)}
    with city.app.extensions["duban.sessions"]() as session:
        city.engine.retire_within(session, package.key, by=actor("shen"))
        with pytest.raises(Invalid) as raised:
            city.engine.deploy_within(
                session, type(package)(package.key, changed), author=actor("root"), publisher=actor("shen")
            )
        session.rollback()
    assert "statutory_unmarked" in {problem.code for problem in raised.value.problems}


def test_what_was_approved_and_nothing_else_takes_effect(city: City, clock: FixedClock) -> None:
    """Somebody who gets round the lock finds that the publication stops instead."""
    before, draft = city.version(), city.draft()
    at = local(clock.now() + dt.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    city.submit(draft, effective_at=at)
    publication = city.publication(draft)
    city.decide(publication, decision="agree")
    with city.app.extensions["duban.sessions"]() as session, write_transaction(session):
        from app.designer.drafts import DraftFile

        row = session.get(DraftFile, (draft.id, "process.toml"))
        assert row is not None
        row.content = b"other"
    clock.set(clock.now() + dt.timedelta(hours=3))
    city.engine.run_due_timers()
    assert city.version() == before
    assert city.publication(draft).status == "approved"
