"""Looking at instances in the console: the system administrator by ids and state, the committee office with the data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.db import write_transaction
from app.engine import Engine, History, Incident, Instance
from tests.console.conftest import Begin
from tests.engine import diagrams as d
from tests.inbox.processes import KEY

SignIn = Callable[[str], FlaskClient]
ALL = "/console/instances"


@pytest.fixture(scope="module")
def instance(begin: Begin) -> str:
    return begin("程丽借用法人章")


def marks(page: str, name: str) -> dict[str, object]:
    """What the diagram is given, by element id."""
    found = re.search(rf'data-{name}="([^"]*)"', page)
    assert found is not None, name
    return dict(json.loads(unescape(found[1])))


def test_only_operators_and_the_committee_office_open_it(sign_in: SignIn, instance: str) -> None:
    for who in ("root", "wang"):
        assert sign_in(who).get(ALL).status_code == 200
        assert sign_in(who).get(f"{ALL}/{instance}").status_code == 200
        assert "运行监控" in sign_in(who).get(ALL).text
    for who in ("zhao", "sun", "lin", "shen", "cha"):
        assert sign_in(who).get(ALL).status_code == 403
        assert sign_in(who).get(f"{ALL}/{instance}").status_code == 403
        assert "/console" not in sign_in(who).get("/account").text


def test_the_operator_reads_nothing_of_the_matter(sign_in: SignIn, instance: str) -> None:
    root = sign_in("root")
    for path in (ALL, f"{ALL}?q={instance[:12]}", f"{ALL}/{instance}", f"{ALL}/{instance}?node=review"):
        page = root.get(path).text
        assert instance in page
        assert "程丽" not in page, path
        assert "孙强" not in root.get(ALL).text  # who started it is business; who did what stands in the history
    assert instance not in root.get(f"{ALL}?q=程丽").text
    assert "业务数据只对范围内的业务人员显示" in root.get(f"{ALL}/{instance}").text


def test_the_office_reads_data_and_finds_by_words(sign_in: SignIn, instance: str) -> None:
    wang = sign_in("wang")
    assert "程丽借用法人章" in wang.get(f"{ALL}?q=程丽").text
    assert "没有符合条件的实例" in wang.get(f"{ALL}?q=没有这样的事").text
    page = wang.get(f"{ALL}/{instance}").text
    assert "程丽借用法人章" in page
    assert "事由" in page  # the variable bears its label


def test_the_office_finds_only_what_is_in_its_scope(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    request_seal("与安委办无关的事")
    assert "与安委办无关的事" not in sign_in("wang").get(ALL).text


def test_another_offices_instance_is_not_found(sign_in: SignIn, engine: Engine, request_seal: Begin) -> None:
    with engine.sessions() as session:
        from app.engine import HumanTask

        other = session.get_one(HumanTask, request_seal("别家的事")).instance_id
    for path in ("", "/diagram.bpmn"):
        assert sign_in("wang").get(f"{ALL}/{other}{path}").status_code == 404
        assert sign_in("root").get(f"{ALL}/{other}{path}").status_code == 200


def test_the_list_narrows_by_process_status_and_time(sign_in: SignIn, instance: str) -> None:
    root = sign_in("root")
    for query, found in (
        (f"process={KEY}", True), ("process=hazard_rectification", False),
        (f"process={KEY}&version=1", True), (f"process={KEY}&version=9", False),
        ("show=running", True), ("show=suspended", False), ("show=incident", False), ("show=stuck", False),
        ("since=2026-04-09&until=2026-04-09", True), ("until=2026-04-08", False), ("since=2026-04-10", False),
        (f"q={instance[:10]}", True), ("q=ffff", False), ("show=nonsense&since=nonsense&version=x", True),
    ):  # fmt: skip
        assert (instance in root.get(f"{ALL}?{query}").text) is found, query


def test_forty_a_page(sign_in: SignIn, begin: Begin) -> None:
    for number in range(41):
        begin(f"第 {number} 件")
    first, second = (sign_in("root").get(f"{ALL}?process={KEY}&page={page}").text for page in (1, 2))
    assert first.count("data-row") == 40
    assert 1 <= second.count("data-row") < 40
    assert "下一页" in first


def test_tokens_stand_on_the_diagram_and_in_a_list(sign_in: SignIn, instance: str) -> None:
    page = sign_in("root").get(f"{ALL}/{instance}").text
    assert marks(page, "counts") == {"review": 1}
    shown = marks(page, "marks")
    assert (shown["begin"], shown["review"], shown["to_review"]) == ("done", "now", "done")
    assert "archive" not in shown
    assert "流程图：令牌在审核" in page
    links = re.findall(r'data-node="([^"]+)"', page)
    assert set(links) == {"begin", "review", "agreed", "archive", "revise", "done"}


def test_a_node_tells_its_tasks_timers_and_history(sign_in: SignIn, instance: str) -> None:
    root = sign_in("root")
    fragment = root.get(f"{ALL}/{instance}?node=review", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert fragment.text.lstrip().startswith("<section")
    for word in ("审核", "超期", "送达任务"):
        assert word in fragment.text
    assert "还没有到这里" in root.get(f"{ALL}/{instance}?node=archive").text
    assert 'id="node" aria-live="polite" hidden' in root.get(f"{ALL}/{instance}?node=nowhere").text


def test_a_broken_history_is_named(sign_in: SignIn, begin: Begin, session: Session) -> None:
    instance = begin()
    assert "链完整" in sign_in("root").get(f"{ALL}/{instance}").text
    with write_transaction(session):
        session.query(History).filter_by(instance_id=instance, seq=2).update({"actor_name": "别人"})
    assert "第 2 条与校验值不符" in sign_in("root").get(f"{ALL}/{instance}").text


def test_a_quarantined_instance_is_named_with_why_and_nothing_to_press(
    sign_in: SignIn, begin: Begin, engine: Engine, session: Session
) -> None:
    instance = begin()
    with write_transaction(session):
        session.query(Instance).filter_by(id=instance).update({"state_mac": "0" * 64})
    root = sign_in("root")
    assert root.post(f"/api/v1/instances/{instance}/suspension", json={"reason": "核对"}).status_code == 204
    assert root.delete(f"/api/v1/instances/{instance}/suspension").status_code == 204
    sign_in("wang").post(f"/api/v1/instances/{instance}/cancellation", json={"reason": "试一试"})  # reads the state
    session.expire_all()
    assert session.get_one(Instance, instance).status == "quarantined"
    page = root.get(f"{ALL}/{instance}").text
    assert "本实例已隔离" in page
    assert "保存的状态与校验值不符" in page
    assert not re.search(r"<form[^>]*method=\"post\"[^>]*/console/", page)
    assert instance in root.get(f"{ALL}?show=quarantined").text
    incident = session.query(Incident).filter_by(instance_id=instance).one()
    assert root.post(f"/api/v1/incidents/{incident.id}/retry").status_code == 409


def test_the_api_filters_the_same(sign_in: SignIn, instance: str) -> None:
    root = sign_in("root")
    api = "/api/v1/instances?per_page=200"
    assert instance in [row["id"] for row in root.get(f"{api}&q={instance[:12]}").json]
    assert root.get(f"{api}&incident=true&definition={KEY}&status=running").json == []
    assert root.get(f"{api}&started_before=2026-04-09T00:00:00%2B08:00").json == []
    assert instance in [row["id"] for row in sign_in("wang").get(f"{api}&q=程丽").json]


def test_what_a_token_waits_for_from_outside_is_named(
    sign_in: SignIn, engine: Engine, actor: Callable[[str], Actor]
) -> None:
    waiting = d.package(
        "payment", d.catch("paid", d.message("payment"), correlation="order"), d.user("ship", role="officer"), d.end()
    )
    engine.deploy(waiting, by=SYSTEM)
    instance = engine.start("payment", {"order": "程丽的订单"}, by=SYSTEM).instance_id
    page = sign_in("root").get(f"{ALL}/{instance}").text
    assert marks(page, "counts") == {"paid": 1}
    assert "等待的消息" in page
    assert "<code>payment</code>" in page
    assert "程丽" not in page  # by what it is told apart is business
