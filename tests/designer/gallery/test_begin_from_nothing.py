"""The gallery's patterns are sound; the guide makes a process that runs; it is started from the inbox at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.audit import Actor
from app.designer.drafts import Draft, find, package_of
from app.designer.gallery.patterns import patterns
from app.engine import Engine, HumanTask, Package, read_diagram, run_scenarios

SignIn = Callable[[str], FlaskClient]
Actors = Callable[[str], Actor]
NAMES = sorted(patterns())
ANSWERS: list[tuple[str, str]] = [
    ("title_zh", "动火作业审批"),
    ("title_en", "Hot work permit"),
    ("starters", "town_staff"),
    ("starters", "dept_staff"),
    ("fields", "作业地点*\n作业日期：日期*\n作业方式：选择（焊接/切割）*\n费用：金额"),
    ("steps", "2"),
    ("step0_name", "现场核查"),
    ("step0_role", "town_staff"),
    ("step0_kind", "handle"),
    ("step0_deadline", "office_1d"),
    ("step0_fields", "核查情况：长文*\n灭火器数量：数字"),
    ("step1_name", "审批"),
    ("step1_role", "coordinator"),
    ("step1_kind", "approve"),
    ("step1_deadline", "office_2d"),
    ("step1_fields", "批准意见：长文"),
]


@pytest.fixture(scope="module")
def engine(app: Flask) -> Engine:
    engine: Engine = app.extensions["duban.engine"]
    return engine


@pytest.mark.parametrize("key", NAMES)
def test_a_pattern_is_as_sound_as_a_shipped_process(app: Flask, engine: Engine, key: str) -> None:
    package = patterns()[key]
    with app.extensions["duban.sessions"]() as session:
        known = {**engine.neighbours(session), key: package}
    assert [problem.as_text() for problem in engine.check(package, known)] == []
    assert [problem.as_text() for problem in run_scenarios(engine, package)] == []
    diagram = read_diagram(package.diagram)
    ends = {node.id for node in diagram.nodes.values() if node.kind == "endEvent"}
    told = b"\n".join(package.named("scenarios", ".toml").values()).decode()
    assert [end for end in ends if f'"{end}"' not in told] == []
    assert [node.id for node in diagram.nodes.values() if not node.drawn] == []


def newest(app: Flask) -> Draft:
    with app.extensions["duban.sessions"]() as session:
        draft = session.scalars(sa.select(Draft).order_by(Draft.id.desc())).first()
        assert draft is not None
        return draft


def package(app: Flask, draft: Draft) -> Package:
    with app.extensions["duban.sessions"]() as session:
        return package_of(session, find(session, draft.id))


def test_a_pattern_becomes_a_draft_under_a_key_of_its_own(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("root")
    page = client.get("/designer/gallery").get_data(as_text=True)
    assert "会签审批" in page
    assert "隐患" in page
    assert client.post("/designer/gallery/patterns/joint_approval", data={"key": "seal_use"}).status_code == 303
    draft = newest(app)
    assert (draft.key, package(app, draft).manifest["key"]) == ("seal_use", "seal_use")
    assert client.post("/designer/gallery/patterns/joint_approval", data={"key": "seal_use"}).status_code == 422
    assert client.post("/designer/gallery/patterns/joint_approval", data={"key": "Seal"}).status_code == 422
    assert client.post("/designer/gallery/patterns/nothing", data={"key": "other"}).status_code == 404


def test_the_guide_adds_and_drops_steps_and_loses_nothing(sign_in: SignIn) -> None:
    client = sign_in("root")
    more = client.post("/designer/gallery/new", data=MultiDict([*ANSWERS, ("act", "add")])).get_data(as_text=True)
    assert "第 3 步" in more
    assert "动火作业审批" in more
    assert 'value="dong_huo_zuo_ye_shen_pi"' in more
    less = client.post("/designer/gallery/new", data=MultiDict([*ANSWERS, ("act", "drop0")])).get_data(as_text=True)
    assert "现场核查" not in less
    assert "第 2 步" not in less


WRONG = [
    ({"title_zh": ""}, "f-title_zh"),
    ({"key": "Hot Work"}, "f-key"),
    ({"key": "hazard_rectification"}, "f-key"),
    ({"fields": "地点：地图"}, "f-fields"),
    ({"step0_role": "nobody"}, "f-step0_role"),
    ({"step1_name": ""}, "f-step1_name"),
    ({"step1_deadline": "soon"}, "f-step1_deadline"),
]


@pytest.mark.parametrize(("changes", "link"), WRONG)
def test_what_is_missing_is_named_and_the_rest_kept(sign_in: SignIn, changes: dict[str, str], link: str) -> None:
    answers = MultiDict(ANSWERS)
    for name, value in changes.items():
        answers[name] = value
    refused = sign_in("root").post("/designer/gallery/new", data=answers)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert f'href="#{link}"' in page
    assert "现场核查" in page


def test_the_guide_makes_a_process_that_runs_and_is_started_at_once(
    app: Flask, engine: Engine, sign_in: SignIn, actor: Actors
) -> None:
    client = sign_in("root")
    made = client.post("/designer/gallery/new", data=MultiDict(ANSWERS))
    assert made.status_code == 303
    draft = newest(app)
    files = package(app, draft)
    assert draft.key == "dong_huo_zuo_ye_shen_pi"
    found = client.get(f"/designer/drafts/{draft.id}/check", headers={"Accept": "application/json"}).json
    assert found["problems"] == []
    assert [problem.as_text() for problem in run_scenarios(engine, files)] == []
    diagram = read_diagram(files.diagram)
    assert all(node.drawn for node in diagram.nodes.values())
    assert set(files.manifest["facts"]) == {
        "zuo_ye_ri_qi", "zuo_ye_fang_shi", "fei_yong", "mie_huo_qi_shu_liang", "decision_2",
    }  # fmt: skip
    client.post(f"/designer/drafts/{draft.id}/publication", data={"note": "新流程"})
    with app.extensions["duban.sessions"]() as session:
        task = session.scalars(sa.select(HumanTask).where(HumanTask.node_id == "approve")).one()
    engine.complete(task.id, {"decision": "agree"}, by=actor("shen"))
    _work_with_it(app, engine, sign_in, actor, draft.key)


def _work_with_it(app: Flask, engine: Engine, sign_in: SignIn, actor: Actors, key: str) -> None:
    assert "动火作业审批" in sign_in("sun").get("/start").get_data(as_text=True)
    for place, way in (("一号罐区", "han_jie"), ("二号罐区", "qie_ge")):
        answers: dict[str, Any] = {"zuo_ye_di_dian": place, "zuo_ye_ri_qi": "2026-04-20", "zuo_ye_fang_shi": way}
        begun = sign_in("sun").post(f"/start/{key}", data={**answers, "fei_yong": "1200"})
        assert begun.status_code == 303, begun.get_data(as_text=True)
    page = sign_in("sun").get(f"/processes/{key}/cases").get_data(as_text=True)
    assert "一号罐区" in page
    assert "作业方式" in page
    assert "2,400" in page
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.console.queries.MOST_COUNTED", 1)
        crowded = sign_in("sun").get(f"/processes/{key}/cases").get_data(as_text=True)
    assert "2,400" not in crowded and "超过 1 件，这里不作汇总" in crowded
    narrowed = sign_in("sun").get(f"/processes/{key}/cases?fact=zuo_ye_fang_shi&value=han_jie").get_data(as_text=True)
    assert "一号罐区" in narrowed
    assert "二号罐区" not in narrowed
    assert sign_in("chen").get(f"/processes/{key}/cases").status_code == 404
    technical = sign_in("root").get(f"/processes/{key}/cases").get_data(as_text=True)
    assert "一号罐区" not in technical
    guessed = sign_in("root").get(f"/processes/{key}/cases?fact=zuo_ye_fang_shi&value=qie_ge").get_data(as_text=True)
    assert guessed.count("/console/instances/") == technical.count("/console/instances/") > 1


def test_what_a_terminal_left_in_the_answers_is_left_out(app: Flask, sign_in: SignIn) -> None:
    sent = MultiDict(ANSWERS)
    sent["title_zh"], sent["key"], sent["step0_name"] = "动火\x08作业", "pasted", "填\x00单"
    assert sign_in("root").post("/designer/gallery/new", data=sent).status_code == 303
    assert newest(app).title == "动火作业"


@pytest.mark.parametrize("key", ["shen", "wang", "wu"])
def test_an_outsider_finds_neither_gallery_nor_guide(sign_in: SignIn, key: str) -> None:
    for path in ("/designer/gallery", "/designer/gallery/new"):
        assert sign_in(key).get(path).status_code == 404
    assert sign_in(key).post("/designer/gallery/new", data=MultiDict(ANSWERS)).status_code == 404
    assert sign_in(key).post("/designer/gallery/patterns/joint_approval", data={"key": "x"}).status_code == 404
