"""SpiffWorkflow's parser in its own process: bounded, without the parent's environment, with words for its errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from app.engine.packages import compiling
from app.engine.packages.compiling import CompileError, compile_package
from app.engine.packages.package import package_from_files
from app.engine.running.serializing import restore_specs
from tests.checking.packages import (
    chain,
    decision,
    diagram,
    end,
    flow,
    node,
    package,
    process,
    rule,
    simple,
    start,
    user,
)

HANGING = diagram(
    start()
    + node(
        "subProcess",
        "part",
        start("b2")
        + node(
            "userTask",
            "u2",
            '<bpmn:dataInputAssociation id="in"><bpmn:sourceRef>paper</bpmn:sourceRef></bpmn:dataInputAssociation>',
        )
        + node("dataObjectReference", "paper", dataObjectRef="nothing")
        + end("e2")
        + chain("b2", "u2", "e2"),
    )
    + end()
    + chain("begin", "part", "finish")
)


def test_the_specs_come_back_whole() -> None:
    made = package(simple(rule("step", "grading")), files={"decisions/grading.dmn": decision()})
    specs = restore_specs(compile_package(made), "hash")
    assert {"begin", "step", "finish"} <= specs.process.task_specs.keys()


def test_a_sub_process_and_a_called_process_come_along() -> None:
    inner = node("subProcess", "part", start("b2") + user("u2") + end("e2") + chain("b2", "u2", "e2"))
    body = start() + inner + node("callActivity", "call", calledElement="helper") + end()
    helper = process(start("b3") + user("u3") + end("e3") + chain("b3", "u3", "e3"), key="helper")
    xml = diagram(process(body + chain("begin", "part", "call", "finish")) + helper)
    assert set(restore_specs(compile_package(package(xml=xml)), "hash").subprocesses) == {"part", "helper"}


def test_a_diagram_that_hangs_the_parser_is_stopped() -> None:
    with pytest.raises(CompileError) as refused:
        compile_package(package(xml=HANGING), seconds=1)
    assert "1 秒" in refused.value.zh and "1 seconds" in refused.value.en


def test_a_chain_of_as_many_nodes_as_there_may_be_compiles() -> None:
    ids = [f"n{number}" for number in range(398)]
    body = start() + "".join(node("userTask", id) for id in ids) + end() + chain("begin", *ids, "finish")
    assert "n397" in restore_specs(compile_package(package(body)), "hash").process.task_specs


def test_a_parser_out_of_memory_or_stack_is_an_answer_too() -> None:
    for said in ("MemoryError: ", "RecursionError: maximum recursion depth exceeded"):
        told = compiling._error_of(json.dumps({"message": said, "element_id": None}).encode())
        assert "过大" in told.zh and "too large" in told.en
    assert "cannot be parsed" in compiling._error_of(b"Segmentation fault").en


ERRORS = {
    "not executable": (diagram(process(simple(user("step")), executable="false")), "可执行", "executable", "sample"),
    "no start": (diagram(user("step") + end() + chain("step", "finish")), "开始事件", "start event", "sample"),
    "no condition": (
        diagram(
            start()
            + node("exclusiveGateway", "choice", default="choice_other")
            + end()
            + end("other")
            + chain("begin", "choice", "finish")
            + flow("choice", "other")
        ),
        "条件",
        "condition",
        "choice_finish",
    ),
    "no operator": (diagram(simple(node("serviceTask", "step"))), "服务", "service", "step"),
    "no decision": (diagram(simple(rule("step", "nothing"))), "决策", "decision", "step"),
    "unsupported": (diagram(simple(node("complexGateway", "step"))), "不支持", "not supported", "step"),
    "not XML": ("{", "无法解析", "cannot be parsed", None),
    "another process": (diagram(process(simple(user("step")), key="other")), "无法解析", "cannot be parsed", None),
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_of_the_parser_reads_clearly_in_both_languages(what: str) -> None:
    xml, zh, en, element = ERRORS[what]
    with pytest.raises(CompileError) as refused:
        compile_package(package(xml=xml))
    assert zh in refused.value.zh and en in refused.value.en
    assert refused.value.element_id == element


def test_the_child_gets_nothing_of_the_parents_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_SECRET_KEY", "must-not-be-seen")
    seen: dict[str, object] = {}
    run = subprocess.run

    def watched(command: list[str], **options: object) -> object:
        seen.update(options, command=command)
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watched)
    compile_package(package(simple(user("alone"), id="alone")))
    assert seen["env"] == {} and os.environ["DUBAN_SECRET_KEY"] not in str(seen)
    assert seen["command"] == [sys.executable, "-I", compiling.__file__]


def test_only_the_diagram_and_the_decisions_go_into_the_child() -> None:
    made = package(files={"scenarios/one.toml": "x", "README.md": "y"})
    alone = package_from_files("sample", {"process.bpmn": made.diagram})
    assert compile_package(made) == compile_package(alone)
