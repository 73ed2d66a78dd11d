"""SpiffWorkflow's parser in its own process: bounded, without the parent's environment, with words for its errors."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engine.packages import compiling
from app.engine.packages.compiling import CompileError, compile_package
from app.engine.packages.package import Package, package_from_files
from app.engine.packages.parser import Parser, Stopped
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


@pytest.fixture
def own_parser() -> Iterator[Parser]:
    parser = Parser()
    yield parser
    parser.close()


def order_for(id: str, seconds: int = 10) -> bytes:
    return order_of(package(simple(user(id), id=id)), seconds)


def order_of(made: Package, seconds: int = 10) -> bytes:
    files = {"process.bpmn": base64.b64encode(made.diagram).decode()}
    return json.dumps({"key": made.key, "files": files, "seconds": seconds}).encode()


def test_the_waiting_process_has_nothing_of_ours(own_parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_SECRET_KEY", "must-not-be-seen")
    assert own_parser.ask(order_for("alone"), 10)[0]
    of = Path(f"/proc/{own_parser.pid}")
    assert (of / "environ").read_bytes() == b""
    opened = sorted(str(file.readlink()).split(":")[0] for file in (of / "fd").iterdir() if file.name != "2")
    assert opened == ["/dev/null", "/dev/null", "socket"]


def test_what_parses_one_package_is_not_what_parses_the_next(own_parser: Parser) -> None:
    """A parser that hangs, dies or eats memory takes nobody else's order with it."""
    assert own_parser.ask(order_for("before"), 10)[0]
    waiting = own_parser.pid
    with pytest.raises(Stopped):
        own_parser.ask(order_of(package(xml=HANGING), seconds=1), 1)
    assert own_parser.ask(order_for("after"), 10)[0] and own_parser.pid == waiting


def test_it_waits_with_everything_loaded(own_parser: Parser) -> None:
    """Else each fork would load lxml and SpiffWorkflow anew, which takes ten times as long as parsing."""
    assert own_parser.ask(order_for("first"), 10)[0]
    assert "lxml/etree" in Path(f"/proc/{own_parser.pid}/maps").read_text()


def test_several_are_parsed_at_once(own_parser: Parser) -> None:
    answers: dict[str, tuple[bool, bytes]] = {}

    def ask(id: str) -> None:
        answers[id] = own_parser.ask(order_for(id), 10)

    threads = [threading.Thread(target=ask, args=(f"step{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(parsed and id.encode() in specs for id, (parsed, specs) in answers.items()) and len(answers) == 4


def test_a_waiting_process_that_is_gone_is_started_anew(own_parser: Parser) -> None:
    assert own_parser.ask(order_for("first"), 10)[0]
    gone = own_parser.pid
    assert gone is not None
    os.kill(gone, signal.SIGKILL)
    assert own_parser.ask(order_for("second"), 10)[0] and own_parser.pid != gone


def test_a_fork_of_ours_waits_on_a_process_of_its_own(own_parser: Parser) -> None:
    """As gunicorn's workers do, which are forks of one that may have parsed already."""
    assert own_parser.ask(order_for("parent"), 10)[0]
    child = os.fork()
    if child == 0:
        parsed = own_parser.ask(order_for("child"), 10)[0]
        own_parser.close()
        os._exit(0 if parsed else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert own_parser.ask(order_for("parent_again"), 10)[0]


def test_only_the_diagram_and_the_decisions_go_into_the_child() -> None:
    made = package(files={"scenarios/one.toml": "x", "README.md": "y"})
    alone = package_from_files("sample", {"process.bpmn": made.diagram})
    assert compile_package(made) == compile_package(alone)
