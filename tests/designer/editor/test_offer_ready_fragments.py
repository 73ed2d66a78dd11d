"""Ready fragments: put into a process they pass the check, apart from the form that a person chooses."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import etree
from sqlalchemy.orm import Session

from app.audit import Actor
from app.clock import FixedClock
from app.config import ROOT
from app.designer.drafts import check_package
from app.designer.editor.fragments import FRAGMENTS, fragments
from app.engine import Engine, HumanTask, Package, load_folder
from tests.cast import START

EXAMPLE = load_folder(ROOT / "tests" / "bpmn" / "examples" / "two_step_approval")
DIAGRAM = "process.bpmn"
NAMES = [fragment.name for fragment in FRAGMENTS]
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.app_context(), app.test_request_context(), app.extensions["duban.sessions"]() as session:
        yield session


def offered(package: Package, name: str, known: frozenset[str] = frozenset()) -> str:
    return next(one["xml"] for one in fragments(package, known) if one["id"] == name)


def put_in(package: Package, xml: str) -> Package:
    """As the palette does it: after the step `review`, before what followed it."""
    whole = etree.parse(io.BytesIO(package.files[DIAGRAM]))
    part = etree.fromstring(xml.encode())
    process, plane = whole.find(f".//{BPMN}process"), whole.find(".//{*}BPMNPlane")
    assert process is not None and plane is not None
    flows = {flow.get("id"): flow for flow in part.iter(f"{BPMN}sequenceFlow")}
    begin, ends = flows.pop("begin"), [flow for flow in flows.values() if flow.get("targetRef") == "out"]
    way = next(flow for flow in process.iter(f"{BPMN}sequenceFlow") if flow.get("sourceRef") == "review")
    for end in ends:
        end.set("targetRef", way.get("targetRef"))
    way.set("targetRef", begin.get("targetRef"))
    gone = {"in", "out", "begin"}
    process.extend([node for node in part.find(f"{BPMN}process") if node.get("id") not in gone])
    plane.extend([shape for shape in part.find(".//{*}BPMNPlane") if shape.get("bpmnElement") not in gone])
    return Package(package.key, {**package.files, DIAGRAM: etree.tostring(whole, encoding="utf-8")})


def problems(session: Session, package: Package) -> list[str]:
    return [f"{one.problem.code} {one.problem.element_id}" for one in check_package(session, package)]


@pytest.mark.parametrize("name", NAMES)
def test_a_fragment_in_a_process_passes_the_check(name: str, session: Session) -> None:
    assert problems(session, EXAMPLE) == []
    assert problems(session, put_in(EXAMPLE, offered(EXAMPLE, name))) == []


def without_forms(files: Mapping[str, bytes]) -> Package:
    kept = {file: content for file, content in files.items() if file != "forms/review.json"}
    return Package(EXAMPLE.key, kept)


@pytest.mark.parametrize(
    ("name", "left"),
    [("joint_sign", {"vote_missing joint_sign"}), ("review", {"variable_unknown checked_over_to_check_revise"})],
)
def test_where_no_form_has_a_vote_only_the_form_is_left_to_choose(name: str, left: set[str], session: Session) -> None:
    bare = without_forms({**EXAMPLE.files, "forms/decide.json": b'{"title": "x", "fields": []}'})
    before, after = problems(session, bare), problems(session, put_in(bare, offered(bare, name)))
    assert set(after) - set(before) == left


def test_fragments_run_as_they_are(app: Flask, clock: FixedClock, actor: Callable[[str], Actor]) -> None:
    """Sent back it is revised by whoever asked and looked at again; what is late is urged beside."""
    engine: Engine = app.extensions["duban.engine"]
    whole = put_in(EXAMPLE, offered(EXAMPLE, "review"))
    engine.deploy(put_in(whole, offered(whole, "by_deadline")), by=actor("root"))
    clock.set(START)
    instance_id = engine.start(EXAMPLE.key, {"item": "灭火器", "amount": 2, "cost": 300}, by=actor("zhao")).instance_id

    def done(node: str, by: str, **answers: Any) -> None:
        engine.complete(opened(node)[0].id, answers, by=actor(by))

    def opened(node: str) -> Sequence[HumanTask]:
        with app.extensions["duban.sessions"]() as session:
            select = sa.select(HumanTask).where(HumanTask.instance_id == instance_id, HumanTask.status == "open")
            return session.scalars(select.where(HumanTask.node_id == node)).all()

    done("review", "zhao", review="agree")
    assert [task.role for task in opened("timed_work")] == ["coordinator"] and not opened("timed_urge")
    clock.set(START + dt.timedelta(days=14))
    engine.run_due_timers()
    assert opened("timed_urge") and opened("timed_work")
    done("timed_work", "wang")
    done("check_over", "wang", review="refuse")
    assert [task.assignee_id for task in opened("check_revise")] == [actor("zhao").id]
    done("check_revise", "zhao")
    done("check_over", "wang", review="agree")
    assert opened("decide") and not opened("check_revise")
