"""SpiffWorkflow's parser with the classes that are ours. Only in the child process (see compiling.py)."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.parser.event_parsers import (
    CONDITIONAL_EVENT_XPATH,
    ERROR_EVENT_XPATH,
    ESCALATION_EVENT_XPATH,
    MESSAGE_EVENT_XPATH,
    SIGNAL_EVENT_XPATH,
    TERMINATION_EVENT_XPATH,
    TIMER_EVENT_XPATH,
)
from SpiffWorkflow.bpmn.parser.task_parsers import GatewayParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs.defaults import EndEvent, IntermediateCatchEvent
from SpiffWorkflow.spiff.parser.event_parsers import SpiffEndEventParser, SpiffIntermediateCatchEventParser
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser, SpiffProcessParser
from SpiffWorkflow.spiff.parser.task_spec import SpiffTaskParser

from app.engine.packages.rewriting import DETACHED, TRIGGER
from app.engine.running.children.spec import DetachedCall
from app.engine.running.events import EventGateway, ScopeEvent

_CAUGHT = [
    MESSAGE_EVENT_XPATH,
    SIGNAL_EVENT_XPATH,
    TIMER_EVENT_XPATH,
    CONDITIONAL_EVENT_XPATH,
    ERROR_EVENT_XPATH,
    ESCALATION_EVENT_XPATH,
]


class _CatchParser(SpiffIntermediateCatchEventParser):
    """A catching event, or the one before an event sub-process."""

    def create_task(self) -> Any:
        trigger = self.node.get(TRIGGER)
        if trigger is None:
            return super().create_task()
        self.spec_class = ScopeEvent
        return self._create_task(self.get_event_definition(_CAUGHT), cancel_activity=trigger == "interrupting")


class _EndParser(SpiffEndEventParser):
    """3.2.0 leaves the signal of an end event out."""

    def create_task(self) -> Any:
        thrown = [MESSAGE_EVENT_XPATH, SIGNAL_EVENT_XPATH, ERROR_EVENT_XPATH, ESCALATION_EVENT_XPATH]
        task = self._create_task(self.get_event_definition([*thrown, TERMINATION_EVENT_XPATH]))
        task.connect(self.spec.end)
        return task


class _DetachedParser(SpiffTaskParser):
    """What `rewriting` makes of a detached call activity."""

    def create_task(self) -> Any:
        return self.spec_class(
            self.spec, self.bpmn_id, called=self.node.get("calledElement", ""), **self.bpmn_attributes
        )


class _ProcessParser(SpiffProcessParser):
    def add_tasks(self) -> None:
        """The waits before event sub-processes begin with their scope, beside its start event."""
        super().add_tasks()
        for node in self.xpath(f"./bpmn:intermediateCatchEvent[@{TRIGGER}]"):
            self.spec.start.connect(self.parse_node(node))


class Parser(SpiffBpmnParser):
    PROCESS_PARSER_CLASS = _ProcessParser
    OVERRIDE_PARSER_CLASSES = SpiffBpmnParser.OVERRIDE_PARSER_CLASSES | {
        full_tag("intermediateCatchEvent"): (_CatchParser, IntermediateCatchEvent),
        full_tag("endEvent"): (_EndParser, EndEvent),
        full_tag("eventBasedGateway"): (GatewayParser, EventGateway),
        full_tag(DETACHED): (_DetachedParser, DetachedCall),
    }
