"""Every folder in bpmn/, and the example of the documentation: sound, its scenarios hold, it survives the round trip."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from lxml import etree

from app.audit import SYSTEM
from app.config import ROOT
from app.engine import Engine, Package, load_folder, package_from_files, read_diagram, run_scenarios

EXAMPLES = Path(__file__).parent / "examples"
FOLDERS = sorted(path.parent for root in (ROOT / "bpmn", EXAMPLES) for path in root.glob("*/process.toml"))
KEYS = [folder.name for folder in FOLDERS]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def package(request: pytest.FixtureRequest) -> Package:
    return load_folder(request.param)


@pytest.fixture
def engine(app: Flask) -> Engine:
    engine: Engine = app.extensions["duban.engine"]
    return engine


def test_the_example_is_among_them() -> None:
    assert "two_step_approval" in KEYS and len(KEYS) == len(set(KEYS))


def test_the_check_finds_no_problem_at_all(engine: Engine, package: Package) -> None:
    assert [problem.as_text() for problem in engine.check(package, known=KEYS)] == []


def test_it_has_scenarios_and_every_one_holds(engine: Engine, package: Package) -> None:
    assert package.named("scenarios", ".toml")
    assert [problem.as_text() for problem in run_scenarios(engine, package)] == []


def test_every_way_of_it_is_taken_by_some_scenario(package: Package) -> None:
    """An end event that no scenario expects is a way that nobody has ever seen work."""
    ends = {node.id for node in read_diagram(package.diagram).nodes.values() if node.kind == "endEvent"}
    told = b"\n".join(package.named("scenarios", ".toml").values()).decode()
    outer = {id for id in ends if read_diagram(package.diagram).nodes[id].parent == package.key}
    assert [id for id in sorted(outer) if f'"{id}"' not in told] == []


def test_what_is_exported_is_the_folder_byte_for_byte(engine: Engine, package: Package) -> None:
    deployed = engine.deploy(package, by=SYSTEM, known=KEYS)
    exported = engine.export(package.key, deployed.version)
    assert dict(exported.files) == dict(package.files)
    assert exported.content_hash == package.content_hash
    assert engine.deploy(exported, by=SYSTEM, known=KEYS).version == deployed.version


def test_the_diagram_survives_another_tools_writing(engine: Engine, package: Package) -> None:
    written = etree.tostring(etree.fromstring(package.diagram), encoding="UTF-8", xml_declaration=True)
    again = package_from_files(package.key, {**package.files, "process.bpmn": written})
    assert set(read_diagram(written).nodes) == set(read_diagram(package.diagram).nodes)
    assert [problem.as_text() for problem in engine.check(again, known=KEYS)] == []


def test_every_node_and_flow_stands_on_the_canvas(package: Package) -> None:
    diagram = read_diagram(package.diagram)
    assert [node.id for node in diagram.nodes.values() if not node.drawn] == []
    assert [flow.id for flow in diagram.flows.values() if len(flow.waypoints) < 2] == []
    assert [node.id for node in diagram.nodes.values() if node.is_human and not node.name_en] == []
