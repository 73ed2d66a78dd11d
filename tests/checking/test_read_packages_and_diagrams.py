"""Folders as packages, and diagrams as plain values."""

from __future__ import annotations

from pathlib import Path

from app.engine.packages.diagram import read_diagram
from app.engine.packages.package import MAX_FILE, Package, load_folder, package_from_files
from tests.checking.packages import (
    MANIFEST,
    boundary,
    chain,
    diagram,
    end,
    extensions,
    flow,
    lane,
    lane_set,
    node,
    package,
    process,
    service,
    start,
    timer,
    user,
)


def test_a_folder_is_read_and_its_hidden_files_stay_out(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    for name in ("process.toml", "forms/a.json", ".git/config", "forms/.b.json.swp", "__pycache__/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(MANIFEST.encode() if name == "process.toml" else b"{}")
    read = load_folder(folder)
    assert read.key == "sample" and set(read.files) == {"process.toml", "forms/a.json"}
    assert read.manifest["title"] == {"zh": "样例", "en": "Sample"}
    assert read.named("forms", ".json") == {"a": b"{}"}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "process.bpmn").symlink_to(secret)
    assert load_folder(folder).files == {}


def test_of_a_huge_file_no_more_is_read_than_shows_that_it_is_too_large(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    with (folder / "process.bpmn").open("wb") as file:
        file.truncate(30 * 1024 * 1024)
    assert len(load_folder(folder).diagram) == MAX_FILE + 1


def test_the_hash_is_of_names_and_bytes_whatever_their_order() -> None:
    one = package_from_files("sample", {"a": "1", "b": "2"})
    assert one.content_hash == package_from_files("other", {"b": b"2", "a": b"1"}).content_hash
    changed = [{"a": "12", "b": ""}, {"a": "1", "c": "2"}, {"a": "1"}, {"a": "2", "b": "1"}, {"a1": "", "b": "2"}]
    assert len({one.content_hash, *(package_from_files("sample", files).content_hash for files in changed)}) == 6


def test_a_broken_manifest_is_empty_and_a_missing_diagram_too() -> None:
    assert package_from_files("sample", {"process.toml": "key = "}).manifest == {}
    assert Package("sample", {"process.toml": b"\xff"}).manifest == {}
    assert Package("sample", {}).diagram == b""


def test_nodes_and_flows_are_read_with_their_words_places_and_neighbours() -> None:
    step = user("step", "核查\n定级", deadline="P3D", name_en="Verify")
    body = lane_set(lane("lane1", "监管部门", "begin", "step", "finish")) + start() + step + end()
    found = read_diagram(package(body + chain("begin", "step", "finish")).diagram)
    node_ = found.nodes["step"]
    assert (node_.kind, node_.name, node_.name_en, node_.lane) == ("userTask", "核查 定级", "Verify", "监管部门")
    assert node_.properties["deadline"] == "P3D" and node_.parent == node_.process == "sample"
    assert node_.in_flows == ("begin_step",) and node_.out_flows == ("step_finish",)
    assert node_.drawn and (node_.width, node_.height) == (100.0, 80.0) and node_.x > 0
    flow_ = found.flows["begin_step"]
    assert (flow_.source, flow_.target, flow_.condition) == ("begin", "step", None)
    assert len(flow_.waypoints) == 2
    assert found.process_id == "sample" and list(found.nodes) == ["begin", "step", "finish"]


def test_inner_nodes_know_their_scope_and_the_lane_around_it() -> None:
    inner = node("subProcess", "part", start("b2") + user("u2") + end("e2") + chain("b2", "u2", "e2"))
    body = lane_set(lane("lane1", "镇街", "part")) + start() + inner + end() + chain("begin", "part", "finish")
    found = read_diagram(package(body).diagram)
    assert found.nodes["u2"].parent == "part" and found.nodes["u2"].process == "sample"
    assert found.nodes["u2"].lane == "镇街" and found.nodes["begin"].lane is None
    assert [n.id for n in found.inside("part")] == ["b2", "u2", "e2"]


def test_events_services_decisions_and_calls_are_read() -> None:
    body = start() + user("step") + service("call", "sample.grade", {"number": "1 + 1"}, result="out")
    body += boundary("late", "step", timer("timeCycle", "R3/P1D"), interrupting=False)
    body += node("callActivity", "other", calledElement="helper") + node("exclusiveGateway", "x", default="d")
    body += node("userTask", "scripted", extensions("<spiffworkflow:preScript>a = 1</spiffworkflow:preScript>"))
    body += flow("x", "step", "a > 1")
    found = read_diagram(package(body).diagram).nodes
    late = found["late"]
    assert late.attached_to == "step" and not late.interrupting
    assert late.event and (late.event.kind, late.event.form, late.event.text) == ("timer", "timeCycle", "R3/P1D")
    operator = found["call"].operator
    assert operator and (operator.name, operator.result) == ("sample.grade", "out")
    assert (operator.params[0].name, operator.params[0].value) == ("number", "1 + 1")
    assert found["other"].called == "helper" and found["x"].default == "d"
    assert found["scripted"].pre_script == "a = 1"


def test_reading_is_lenient_about_everything_but_the_front_door() -> None:
    xml = diagram(process(node("userTask", "") + '<bpmn:sequenceFlow/><bpmn:boundaryEvent id="x"/>'), layout=False)
    xml = xml.replace(
        "</bpmn:definitions>",
        '<bpmndi:BPMNShape bpmnElement="x"><dc:Bounds x="nan" y="far"/></bpmndi:BPMNShape></bpmn:definitions>',
    )
    found = read_diagram(xml.encode())
    assert (found.nodes["x"].x, found.nodes["x"].y) == (0.0, 0.0)
