"""One click puts one problem right: afterwards it is gone, and nothing else in the file has changed."""

from __future__ import annotations

import io
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from app.config import ROOT
from app.designer.comparing import compare
from app.designer.comparing.comparison import WRITING
from app.designer.comparing.things import ORDER
from app.designer.drafts import check_package, errors_in
from app.designer.drafts.fixing import Bench, fix_of
from app.engine import Engine, Node, Package, Problem, load_folder, read_diagram
from tests.designer.drafts.conftest import EXAMPLE, NewDraft

SignIn = Callable[[str], FlaskClient]
JSON = {"Accept": "application/json"}
XML = EXAMPLE.files["process.bpmn"].decode()
TOML = EXAMPLE.files["process.toml"].decode()
OPERATOR = (
    '<bpmn:serviceTask id="note" name="登记"><bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="{id}">'
    "<spiffworkflow:parameters>{params}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
    '<spiffworkflow:properties><spiffworkflow:property name="name_en" value="Note"/></spiffworkflow:properties>'
    "</bpmn:extensionElements></bpmn:serviceTask>"
)


def changed(*pairs: tuple[str, str], text: str = XML) -> str:
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def prop(name: str, value: str) -> str:
    return f'<spiffworkflow:property name="{name}" value="{value}" />'


def lanes(name: str) -> str:
    lane = f'<bpmn:laneSet id="lanes"><bpmn:lane id="office" name="{name}">'
    return f"{lane}<bpmn:flowNodeRef>decide</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"


IN_LANE = ('<bpmn:startEvent id="asked" name="申请" />', lanes("{}") + '<bpmn:startEvent id="asked" name="申请" />')
DECIDE = '<bpmn:userTask id="decide" name="安委办终审">'
DECIDE_FOREIGN = '<bpmn:userTask xmlns:camunda="http://camunda.org/schema/1.0/bpmn" {}id="decide" name="安委办终审">'
ROLE = prop("role", "coordinator")
CONDITION = "<bpmn:conditionExpression xsi:type=\"bpmn:tFormalExpression\">review == 'agree'</bpmn:conditionExpression>"
TIMER = (
    '<bpmn:boundaryEvent id="late" attachedToRef="decide"><bpmn:timerEventDefinition id="t">'
    '<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{}</bpmn:timeDuration></bpmn:timerEventDefinition>'
    '</bpmn:boundaryEvent><bpmn:sequenceFlow id="late_end" sourceRef="late" targetRef="refused" />'
)
WAIT = (
    '<bpmn:receiveTask id="paid" name="等付款" messageRef="m"><bpmn:extensionElements><spiffworkflow:properties>'
    '<spiffworkflow:property name="name_en" value="Paid" />{}</spiffworkflow:properties></bpmn:extensionElements>'
    "</bpmn:receiveTask>"
)
PROCESS_END, MESSAGE = "</bpmn:process>", '<bpmn:message id="m" name="paid" /><bpmn:process id="two_step'


def waiting(more: str) -> str:
    return changed(
        ('<bpmn:process id="two_step', MESSAGE),
        ('sourceRef="decide" targetRef="finished" />', 'sourceRef="decide" targetRef="paid" />'),
        (
            PROCESS_END,
            WAIT.format(more) + '<bpmn:sequenceFlow id="on" sourceRef="paid" targetRef="finished" /></bpmn:process>',
        ),
    )


def noting(operator: str, params: str) -> str:
    return changed(
        ('sourceRef="decide" targetRef="finished" />', 'sourceRef="decide" targetRef="note" />'),
        (
            PROCESS_END,
            OPERATOR.format(id=operator, params=params)
            + '<bpmn:sequenceFlow id="on" sourceRef="note" targetRef="finished" /></bpmn:process>',
        ),
    )


CASES: dict[str, tuple[str, str, str]] = {  # code → broken, good
    "default_missing": ("default_missing", changed((' default="no"', "")), XML),
    "flow_condition_missing": ("flow_condition_missing", changed((' default="no"', "")), XML),
    "default_conditional": (
        "default_conditional",
        changed(
            ('sourceRef="agreed" targetRef="refused" />', f'sourceRef="agreed" targetRef="refused">{CONDITION}</bpmn:sequenceFlow>')
        ),
        changed(('sourceRef="agreed" targetRef="refused" />', 'sourceRef="agreed" targetRef="refused"></bpmn:sequenceFlow>')),
    ),
    "default_elsewhere": (
        "default_elsewhere",
        changed((' default="no"', ' default="to_review"')),
        changed((' default="no"', "")),
    ),
    "lane_unknown": (
        "lane_unknown",
        changed((IN_LANE[0], IN_LANE[1].format("安委办公室"))),
        changed((IN_LANE[0], IN_LANE[1].format("安委办"))),
    ),
    "name_en_missing": (
        "name_en_missing",
        changed((prop("name_en", "Decide"), "")),
        changed((prop("name_en", "Decide"), ""), (prop("deadline", "P3D"), prop("deadline", "P3D") + prop("name_en", "安委办终审"))),
    ),
    "deadline, a rule by a wrong name": (
        "deadline",
        changed((prop("deadline", "office_2d"), prop("deadline", "ofice_2d"))),
        XML,
    ),
    "deadline, as people write it": (
        "deadline",
        changed((prop("deadline", "P3D"), prop("deadline", "3天"))),
        XML,
    ),
    "timer": (
        "timer",
        changed((PROCESS_END, TIMER.format("5个工作日") + PROCESS_END)),
        changed((PROCESS_END, TIMER.format("work_days(5)") + PROCESS_END)),
    ),
    "role_missing": (
        "role_missing",
        changed((ROLE, "")),
        changed((ROLE, ""), (prop("deadline", "P3D"), prop("deadline", "P3D") + prop("role", "dept_staff"))),
    ),
    "role_unknown": ("role_unknown", changed((ROLE, prop("role", "coordinater"))), XML),
    "form_missing, nearly so": ("form_missing", changed((prop("form", "decide"), prop("form", "decided"))), XML),
    "property_unknown": ("property_unknown", changed((ROLE, ROLE + prop("colour", "5"))), XML),
    "property_misplaced": ("property_misplaced", changed((ROLE, ROLE + prop("detached", "true"))), XML),
    "not_executable": ("not_executable", changed(('isExecutable="true"', 'isExecutable="false"')), XML),
    "key_mismatch": (
        "key_mismatch",
        changed(('<bpmn:process id="two_step_approval"', '<bpmn:process id="Process_1"'), ('bpmnElement="two_step_approval"', 'bpmnElement="Process_1"')),
        XML,
    ),
    "element_unsupported": (
        "element_unsupported",
        re.sub(r'<bpmn:userTask id="decide".*?</bpmn:userTask>', '<bpmn:task id="decide" name="终审"/>', XML, flags=re.DOTALL),
        re.sub(r'<bpmn:userTask id="decide".*?</bpmn:userTask>', '<bpmn:userTask id="decide" name="终审"/>', XML, flags=re.DOTALL),
    ),
    "correlation_missing": (
        "correlation_missing",
        waiting(""),
        waiting(prop("correlation", "instance_id")),
    ),
    "extension_foreign, an attribute": (
        "extension_foreign",
        changed((DECIDE, DECIDE_FOREIGN.format('camunda:asyncBefore="true" '))),
        changed((DECIDE, DECIDE_FOREIGN.format(""))),
    ),
    "extension_foreign, an element": (
        "extension_foreign",
        changed((ROLE, ROLE + "</spiffworkflow:properties><x:input xmlns:x='urn:other'/><spiffworkflow:properties>")),
        changed((ROLE, ROLE + "</spiffworkflow:properties><spiffworkflow:properties>")),
    ),
    "service_unknown": (
        "service_unknown",
        noting("supervision.circulat", ""),
        noting("supervision.circulate", ""),
    ),
}  # fmt: skip


def canonical(xml: bytes | str) -> bytes:
    """C14N without whitespace between elements."""
    parser = etree.XMLParser(remove_blank_text=True)
    root = etree.fromstring(xml.encode() if isinstance(xml, str) else xml, parser)
    out = io.BytesIO()
    etree.ElementTree(root).write_c14n(out)
    return out.getvalue()


def problems(client: FlaskClient, draft_id: str) -> list[dict[str, Any]]:
    return list(client.get(f"/designer/drafts/{draft_id}/check", headers=JSON).json["problems"])


def click(client: FlaskClient, draft_id: str, code: str, rev: int = 1) -> Any:
    """Press the fix of the one problem of this kind."""
    there = problems(client, draft_id)
    found = [problem for problem in there if problem["code"] == code]
    assert len(found) == 1, there
    assert found[0]["fix"], found
    assert re.search(r"[\u4e00-\u9fff=]", found[0]["fix"]["label"])
    body = {"rev": rev, "fix": found[0]["fix"]["id"]}
    return client.post(f"/designer/drafts/{draft_id}/fixes", json=body, headers=JSON)


@pytest.mark.parametrize(("code", "broken", "good"), CASES.values(), ids=CASES)
def test_the_problem_is_gone_and_nothing_else_changed(
    sign_in: SignIn, new_draft: NewDraft, code: str, broken: str, good: str
) -> None:
    client = sign_in("root")
    draft = new_draft(files={**EXAMPLE.files, "process.bpmn": broken.encode()})
    fixed = click(client, draft.id, code)
    assert fixed.status_code == 200, fixed.text
    assert fixed.json["rev"] == 2
    assert list(fixed.json["files"]) == ["process.bpmn"]
    assert canonical(fixed.json["files"]["process.bpmn"].encode()) == canonical(good)
    assert code not in {problem["code"] for problem in problems(client, draft.id)}


FILES: dict[str, tuple[str, Mapping[str, bytes | None], str, Any]] = {
    "manifest_key": (
        "manifest_key",
        {"process.toml": TOML.replace('key = "two_step_approval"', 'key = "other" # 编号').encode()},
        "process.toml",
        TOML.replace('key = "two_step_approval"', 'key = "two_step_approval" # 编号'),
    ),
    "manifest_title": (
        "manifest_title",
        {"process.toml": TOML.replace(', en = "Purchase request"', "").encode()},
        "process.toml",
        TOML.replace('en = "Purchase request"', 'en = "采购申请"'),
    ),
    "starters": (
        "role_unknown",
        {"process.toml": TOML.replace('"town_staff"]', '"town_staf"]').encode()},
        "process.toml",
        TOML,
    ),
    "start form": (
        "form_missing",
        {"process.toml": TOML.replace('start_form = "request"', 'start_form = "wanted"').encode()},
        "forms/wanted.json",
        None,
    ),
    "process.toml": ("file_missing", {"process.toml": None}, "process.toml", None),
    "a form of no step": ("form_unused", {"forms/spare.json": EXAMPLE.files["forms/review.json"]}, "forms/spare.json", ""),
}  # fmt: skip


@pytest.mark.parametrize(("code", "changes", "file", "after"), FILES.values(), ids=FILES)
def test_other_files_are_put_right_too(
    sign_in: SignIn, new_draft: NewDraft, code: str, changes: Mapping[str, bytes | None], file: str, after: Any
) -> None:
    client = sign_in("root")
    files = {name: content for name, content in {**EXAMPLE.files, **changes}.items() if content is not None}
    if "wanted" in str(changes.get("process.toml")):  # `request` is then a form of no step
        files.pop("forms/request.json")
    draft = new_draft(files=files)
    fixed = click(client, draft.id, code)
    assert fixed.status_code == 200, fixed.text
    assert list(fixed.json["files"]) == [file]
    if after:
        assert tomllib.loads(fixed.json["files"][file]) == tomllib.loads(after)
        assert fixed.json["files"][file].splitlines()[2:] == after.splitlines()[2:]
    if after == "":
        assert fixed.json["files"][file] is None
    assert code not in {problem["code"] for problem in problems(client, draft.id)}


def test_a_missing_parameter_is_added_with_what_its_service_takes(
    sign_in: SignIn, new_draft: NewDraft, app: Flask
) -> None:
    import marshmallow as ma

    services = app.extensions["duban.engine"].services.tasks
    name, missing = next(
        (name, field)
        for name, service in sorted(services.items())
        if service.params is not None
        for field, spec in service.params().load_fields.items()
        if spec.required and isinstance(spec, (ma.fields.String, ma.fields.Integer))
    )
    others = "".join(
        f'<spiffworkflow:parameter id="{field}" type="str" value="item"/>'
        for field, spec in services[name].params().load_fields.items()
        if spec.required and field != missing
    )
    draft = new_draft(files={**EXAMPLE.files, "process.bpmn": noting(name, others).encode()})
    client = sign_in("root")
    fixed = click(client, draft.id, "service_parameter_missing")
    assert f'id="{missing}" type="str"' in fixed.json["files"]["process.bpmn"]
    assert "service_parameter_missing" not in {problem["code"] for problem in problems(client, draft.id)}


def test_a_node_that_leads_nowhere_gets_an_end_that_is_drawn(sign_in: SignIn, new_draft: NewDraft) -> None:
    client = sign_in("root")
    broken = changed(('<bpmn:sequenceFlow id="to_finished" sourceRef="decide" targetRef="finished" />', ""))
    draft = new_draft(files={**EXAMPLE.files, "process.bpmn": broken.encode()})
    xml = click(client, draft.id, "dead_end").json["files"]["process.bpmn"]
    assert "dead_end" not in {problem["code"] for problem in problems(client, draft.id)}
    root = etree.fromstring(xml.encode())
    drawn = {one.get("bpmnElement") for one in root.iter() if one.get("bpmnElement")}
    assert {"EndEvent_1", "Flow_1"} <= drawn


def test_the_end_that_a_fix_adds_stands_where_nothing_else_does() -> None:
    """Behind each node of the hazard process in turn, as if it led nowhere: its place, and the way to it, are free."""
    placed = 0
    for node in read_diagram(HAZARD.diagram).nodes.values():
        if not node.out_flows:
            continue
        problem = Problem("dead_end", "error", "", "", "process.bpmn", node.id)
        fix = fix_of(problem, Bench(HAZARD, cast(Engine, None), frozenset()))
        assert fix is not None
        xml = fix.make()["process.bpmn"]
        assert xml is not None
        nodes = read_diagram(xml).nodes
        end = nodes["EndEvent_1"]
        within = [one for one in nodes.values() if one.kind == "subProcess" and one.id == node.parent]
        others = [one for one in nodes.values() if one.drawn and one.id not in ("EndEvent_1", node.id)]
        covered = [one.name for one in others if one not in within and _covers(one, end.x, end.y, 36, 36)]
        edge = etree.fromstring(xml).find(".//{*}BPMNEdge[@bpmnElement='Flow_1']")
        assert edge is not None
        points = [(float(one.get("x", "")), float(one.get("y", ""))) for one in edge]
        for (x1, y1), (x2, y2) in pairwise(points):
            box = (min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))
            covered += [one.name for one in others if one not in within and _covers(one, *box)]
        assert covered == [], node.id
        placed += 1
    assert placed > 20


def _covers(one: Node, x: float, y: float, width: float, height: float) -> bool:
    return one.x < x + width and x < one.x + one.width and one.y < y + height and y < one.y + one.height


def test_a_fix_of_yesterday_is_refused_and_so_is_one_of_somebody_elses_draft(
    sign_in: SignIn, new_draft: NewDraft
) -> None:
    client = sign_in("root")
    draft = new_draft(files={**EXAMPLE.files, "process.bpmn": CASES["not_executable"][1].encode()})
    found = next(p for p in problems(client, draft.id) if p["code"] == "not_executable")
    path, body = f"/designer/drafts/{draft.id}/fixes", {"rev": 1, "fix": found["fix"]["id"]}
    assert sign_in("shen").post(path, json=body).status_code == 404
    assert client.post(path, json=body, headers=JSON).status_code == 200
    assert client.post(path, json=body, headers=JSON).status_code == 409
    assert client.post(path, json=body | {"rev": 2}, headers=JSON).status_code == 409


def test_what_is_not_saved_yet_can_be_checked(sign_in: SignIn, new_draft: NewDraft) -> None:
    client, draft = sign_in("root"), new_draft()
    assert problems(client, draft.id) == []
    body = {"files": {"process.bpmn": CASES["role_missing"][1]}}
    found = client.post(f"/designer/drafts/{draft.id}/check", json=body, headers=JSON).json
    assert [problem["code"] for problem in found["problems"]] == ["role_missing"]
    problem = found["problems"][0]
    assert (problem["element"], problem["file"], problem["severity"]) == ("decide", "process.bpmn", "error")
    assert problem["line"] > 1
    assert problems(client, draft.id) == []


def test_the_page_names_every_problem_and_offers_its_fix_without_a_script(sign_in: SignIn, new_draft: NewDraft) -> None:
    client = sign_in("root")
    draft = new_draft(files={**EXAMPLE.files, "process.bpmn": CASES["role_missing"][1].encode()})
    page = client.get(f"/designer/drafts/{draft.id}/check").get_data(as_text=True)
    assert "不知道由谁办理" in page
    assert f'href="/designer/drafts/{draft.id}#decide"' in page  # opens the editor at the step
    fix = re.search(r'name="fix" value="([^"]+)"', page)
    assert fix
    sent = client.post(f"/designer/drafts/{draft.id}/fixes", data={"rev": "1", "fix": fix[1]})
    assert sent.status_code == 303
    assert "没有发现问题" in client.get(f"/designer/drafts/{draft.id}/check").get_data(as_text=True)


@pytest.mark.parametrize(
    ("written", "meant", "words"),
    [
        ("三天", "P3D", "3 天"), ("十五日内", "P15D", "15 天"), ("两个工作日", "work_days(2)", "2 个工作日"),
        ("二十个工作日以内", "work_days(20)", "20 个工作日"), ("４８小时", "PT48H", "48 小时"), ("一周", "P1W", "7 天"),
        ("一百零五天", "P105D", "105 天"), ("1个月", "P1M", "1 个月"), ("three business days", "work_days(3)", "3 个工作日"),
        ("尽快", None, ""), ("三天或五天", None, ""),
    ],
)  # fmt: skip
def test_a_time_as_people_write_it_is_understood_where_it_is_clear(
    sign_in: SignIn, new_draft: NewDraft, written: str, meant: str | None, words: str
) -> None:
    client = sign_in("root")
    xml = changed((prop("deadline", "P3D"), prop("deadline", written)))
    draft = new_draft(files={**EXAMPLE.files, "process.bpmn": xml.encode()})
    found = next(one for one in problems(client, draft.id) if one["code"] == "deadline")
    assert found["text"].startswith(f"“{written}”不是能用的时限，可以写“3 个工作日”“5 天”“48 小时”")
    assert (found["fix"] or {}).get("label") == (f"改为 {words}" if meant else None)
    if meant:
        assert prop("deadline", meant) in click(client, draft.id, "deadline").json["files"]["process.bpmn"].replace(
            '"/>', '" />'
        )


HAZARD = load_folder(ROOT / "bpmn" / "hazard_rectification")
B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def without(step: str, *, joined: bool) -> bytes:
    """The hazard process as the editor leaves it when a step is deleted; with one way in and out they are joined."""
    root = etree.fromstring(HAZARD.diagram)
    gone = {step} | {one.get("id") for one in root.iter(f"{B}boundaryEvent") if one.get("attachedToRef") == step}
    flows = list(root.iter(f"{B}sequenceFlow"))
    came = [flow for flow in flows if flow.get("targetRef") == step]
    went = [flow for flow in flows if flow.get("sourceRef") == step]
    if joined and len(came) == len(went) == 1:
        came[0].set("targetRef", went[0].get("targetRef"))
        went[0].set("targetRef", step)
    gone |= {flow.get("id") for flow in flows if {flow.get("sourceRef"), flow.get("targetRef")} & gone}
    for one in list(root.iter()):
        named = one.get("bpmnElement") or one.get("id") or (one.text or "").strip()
        if named in gone and one.getparent() is not None:
            one.getparent().remove(one)
        elif one.get("default") in gone:
            del one.attrib["default"]
    return etree.tostring(root)


@pytest.mark.parametrize("joined", [True, False])
def test_a_statutory_step_that_was_removed_is_put_back_as_it_was(app: Flask, joined: bool) -> None:
    """Each one of the hazard process: one problem, however many scenarios pass it, and one click."""
    marked = [node for node in read_diagram(HAZARD.diagram).nodes.values() if node.properties.get("statutory")]
    assert len(marked) > 2
    for node in marked:
        form = f"forms/{node.properties.get('form')}.json"
        files = {**HAZARD.files, "process.bpmn": without(node.id, joined=joined)}
        files.pop(form, None)
        with app.app_context(), app.extensions["duban.sessions"]() as session:
            findings = check_package(session, Package(HAZARD.key, files))
            mine = [one for one in findings if one.problem.about == node.id]
            about = [one for one in mine if one.problem.code.startswith(("statutory", "scenario"))]
            assert [one.problem.code for one in about] == ["statutory_removed"], node.id
            assert "个场景要经过它" in about[0].text and about[0].fix is not None
            made = about[0].fix.make()
            after = {name: content for name, content in {**files, **made}.items() if content is not None}
            assert errors_in(check_package(session, Package(HAZARD.key, after))) == 0, node.id
        differences = compare(HAZARD, Package(HAZARD.key, after)).differences
        assert {one.aspect for one in differences} <= {ORDER, WRITING}, [
            (one.thing.key, one.aspect) for one in differences
        ]


def test_a_form_that_is_missing_is_made_sound(sign_in: SignIn, new_draft: NewDraft) -> None:
    client = sign_in("root")
    files = {**EXAMPLE.files, "process.bpmn": changed((prop("form", "decide"), prop("form", "countersign"))).encode()}
    draft = new_draft(files={name: content for name, content in files.items() if name != "forms/decide.json"})
    made = click(client, draft.id, "form_missing").json["files"]["forms/countersign.json"]
    assert json.loads(made)["title"] == {"zh": "安委办终审", "en": "Decide"}
    codes = {problem["code"] for problem in problems(client, draft.id)}
    assert not codes & {"form_missing", "form"}
