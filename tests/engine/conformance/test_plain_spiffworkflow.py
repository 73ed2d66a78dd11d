"""The control: plain SpiffWorkflow takes these diagrams and runs them to a wrong result without an error."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import etree
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.util.task import TaskState

from app.engine import Package
from tests.engine.conformance.table import RUNS


def package_of(key: str) -> Package:
    return next(case.package for case in RUNS if case.package.key == key)


def plain(package: Package, **data: Any) -> BpmnWorkflow:
    parser = SpiffBpmnParser()
    quoted = re.sub(rb">(P\d+D)<", rb'>"\1"<', package.diagram)  # there timers are Python
    parser.add_bpmn_xml(etree.fromstring(quoted), "process.bpmn")
    workflow = BpmnWorkflow(parser.get_spec(package.key), parser.get_subprocess_specs(package.key))
    workflow.task_tree.data.update(data)
    workflow.do_engine_steps()
    return workflow


def complete(workflow: BpmnWorkflow, name: str) -> None:
    task = next(task for task in workflow.get_tasks(state=TaskState.READY) if task.task_spec.name == name)
    task.run()
    workflow.do_engine_steps()


def steps(workflow: BpmnWorkflow) -> list[str]:
    return sorted(task.task_spec.name for task in workflow.get_tasks(state=TaskState.READY, manual=True))


def test_a_signal_at_the_end_is_not_thrown() -> None:
    workflow = plain(package_of("alarm_end"))
    complete(workflow, "a")
    assert steps(workflow) == []


def test_an_error_reaches_a_sub_process_beside() -> None:
    workflow = plain(package_of("two_subs"), n=0)
    complete(workflow, "a")
    assert steps(workflow) == ["c", "dd"]


def test_two_boundary_events_catch_one_error() -> None:
    workflow = plain(package_of("codes"))
    complete(workflow, "a")
    assert steps(workflow) == ["b", "c"]


def test_a_sub_process_runs_on_after_it_was_interrupted() -> None:
    workflow = plain(package_of("at_once"))
    assert any(task.task_spec.name == "then" for task in all_done(workflow))


def all_done(workflow: BpmnWorkflow) -> list[Any]:
    scopes = [workflow, *workflow.subprocesses.values()]
    return [task for scope in scopes for task in scope.tasks.values() if task.state == TaskState.COMPLETED]


def test_a_message_beside_a_step_happens_once_only() -> None:
    workflow = plain(package_of("mail_edge_false"), order="A")
    event = next(iter(workflow.event_manager.tasks.values())).task_spec.event_definition
    workflow.send_event(BpmnEvent(event, payload={}))
    workflow.do_engine_steps()
    assert steps(workflow) == ["a", "after"]
    with pytest.raises(WorkflowException, match="not waiting"):
        workflow.send_event(BpmnEvent(event, payload={}))


def test_two_timers_behind_an_event_gateway_share_one_value() -> None:
    workflow = plain(package_of("gate"), order="A")
    values = [task.internal_data.get("event_value") for task in workflow.event_manager.tasks.values()]
    assert len(values) == 1  # one for both


def test_an_event_sub_process_that_interrupts_does_not() -> None:
    workflow = plain(package_of("es_signal"))
    event = workflow.subprocess_specs["es"].bpmn_start_events[0].event_definition
    workflow.catch(BpmnEvent(event))
    workflow.do_engine_steps()
    assert steps(workflow) == ["a", "h"]
