"""The 21 places where SpiffWorkflow 3.2.0 evaluates text of a BPMN or DMN file, each as the smallest process.

Most of them our check refuses (multi-instance, correlation, ad-hoc …). They are tried all the same: what evaluates
text is closed because of the environment, not because nobody gets that far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.util.task import TaskState

_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core">'
)
_START = '<startEvent id="start"/><sequenceFlow id="in" sourceRef="start" targetRef="it"/>'
_END = '<sequenceFlow id="out" sourceRef="it" targetRef="end"/><endEvent id="end"/>'


@dataclass(frozen=True)
class Text:
    """What is written at the place: an expression or a script, whichever the place takes."""

    expression: str
    script: str


@dataclass(frozen=True)
class Files:
    bpmn: str
    dmn: str | None = None


def _process(body: str, before: str = "") -> Files:
    return Files(f'{_HEAD}{before}<process id="p" isExecutable="true">{body}</process></definitions>')


def _node(node: str, before: str = "") -> Files:
    return _process(_START + node + _END, before)


def _extension(inner: str) -> str:
    return f"<extensionElements>{inner}</extensionElements>"


def _spiff(tag: str, text: str) -> str:
    return _extension(f"<spiffworkflow:{tag}>{escape(text)}</spiffworkflow:{tag}>")


def _gateway(kind: str) -> Callable[[Text], Files]:
    def build(text: Text) -> Files:
        return _process(
            f'{_START}<{kind} id="it" default="other"/>'
            f'<sequenceFlow id="one" sourceRef="it" targetRef="end"><conditionExpression>{escape(text.expression)}'
            '</conditionExpression></sequenceFlow><sequenceFlow id="other" sourceRef="it" targetRef="end2"/>'
            '<endEvent id="end"/><endEvent id="end2"/>'
        )

    return build


def _timer(kind: str) -> Callable[[Text], Files]:
    return lambda text: _node(
        f'<intermediateCatchEvent id="it"><timerEventDefinition><{kind}>{escape(text.expression)}</{kind}>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )


def _marked_script(marker: str) -> Files:
    return _node(f'<scriptTask id="it">{marker}<script>made = 1</script></scriptTask>')


def _many(inner: str) -> Files:
    return _marked_script(
        f'<multiInstanceLoopCharacteristics isSequential="true">{inner}</multiInstanceLoopCharacteristics>'
    )


def _loop(text: Text) -> Files:
    return _marked_script(
        '<standardLoopCharacteristics loopMaximum="2"><loopCondition>'
        f"{escape(text.expression)}</loopCondition></standardLoopCharacteristics>"
    )


def _correlation(text: Text) -> Files:
    before = (
        '<collaboration id="c"><participant id="pp" processRef="p"/><correlationKey id="key" name="key">'
        "<correlationPropertyRef>property</correlationPropertyRef></correlationKey></collaboration>"
        '<correlationProperty id="property" name="property"><correlationPropertyRetrievalExpression messageRef="m">'
        f"<messagePath>{escape(text.expression)}</messagePath></correlationPropertyRetrievalExpression>"
        '</correlationProperty><message id="m" name="m"/>'
    )
    payload = _spiff("messagePayload", "{'a': 1}")
    return _node(f'<sendTask id="it" messageRef="m">{payload}</sendTask>', before)


def _signal(text: Text) -> Files:
    return _node(
        '<intermediateThrowEvent id="it"><signalEventDefinition signalRef="s"/></intermediateThrowEvent>',
        f'<signal id="s" name="s">{_spiff("payloadExpression", text.expression)}</signal>',
    )


def _error(text: Text) -> Files:
    return _process(
        f'{_START}<endEvent id="it"><errorEventDefinition errorRef="e"/></endEvent>',
        f'<error id="e" name="e" errorCode="1">{_spiff("payloadExpression", text.expression)}</error>',
    )


def _service(text: Text) -> Files:
    parameter = f'<spiffworkflow:parameter id="x" type="str" value={quoteattr(text.expression)}/>'
    return _node(
        '<serviceTask id="it">'
        + _extension(
            '<spiffworkflow:serviceTaskOperator id="some.service" resultVariable="result"><spiffworkflow:parameters>'
            f"{parameter}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
        )
        + "</serviceTask>"
    )


def decision(question: str, cell: str, answer: str) -> Files:
    task = _node(f'<businessRuleTask id="it">{_spiff("calledDecisionId", "decision")}</businessRuleTask>')
    table = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        '<decision id="decision" name="decision"><decisionTable id="t" hitPolicy="UNIQUE"><input id="i" label="l">'
        f'<inputExpression id="ie" typeRef="string"><text>{escape(question)}</text></inputExpression></input>'
        '<output id="o" name="answer" typeRef="string"/><rule id="r">'
        f'<inputEntry id="c"><text>{escape(cell)}</text></inputEntry>'
        f'<outputEntry id="a"><text>{escape(answer)}</text></outputEntry></rule></decisionTable></decision></definitions>'
    )
    return Files(task.bpmn, table)


PLACES: dict[str, Callable[[Text], Files]] = {
    "script task": lambda t: _node(f'<scriptTask id="it"><script>{escape(t.script)}</script></scriptTask>'),
    "script before a task": lambda t: _node(f'<manualTask id="it">{_spiff("preScript", t.script)}</manualTask>'),
    "script after a task": lambda t: _node(f'<task id="it">{_spiff("postScript", t.script)}</task>'),
    "condition of an exclusive gateway": _gateway("exclusiveGateway"),
    "condition of an inclusive gateway": _gateway("inclusiveGateway"),
    "timer: duration": _timer("timeDuration"),
    "timer: date": _timer("timeDate"),
    "timer: cycle": _timer("timeCycle"),
    "conditional event": lambda t: _node(
        '<intermediateCatchEvent id="it"><conditionalEventDefinition>'
        f"<condition>{escape(t.expression)}</condition></conditionalEventDefinition></intermediateCatchEvent>"
    ),
    "multi-instance: how many": lambda t: _many(f"<loopCardinality>{escape(t.expression)}</loopCardinality>"),
    "multi-instance: until when": lambda t: _many(
        f"<loopCardinality>2</loopCardinality><completionCondition>{escape(t.expression)}</completionCondition>"
    ),
    "loop condition": _loop,
    "ad-hoc completion": lambda t: _node(
        '<adHocSubProcess id="it"><scriptTask id="inner"><script>made = 1</script></scriptTask>'
        f"<completionCondition>{escape(t.expression)}</completionCondition></adHocSubProcess>"
    ),
    "correlation of a message": _correlation,
    "payload of a message": lambda t: _node(
        f'<sendTask id="it" messageRef="m">{_spiff("messagePayload", t.expression)}</sendTask>',
        '<message id="m" name="m"/>',
    ),
    "payload of a signal": _signal,
    "payload of an error": _error,
    "parameter of a service task": _service,
    "decision: question": lambda t: decision(t.expression, "1", "2"),
    "decision: cell": lambda t: decision("1", t.expression, "2"),
    "decision: answer": lambda t: decision("1", "1", t.expression),
}


def run(place: str, text: Text, script_engine: Any) -> BpmnWorkflow:
    return run_files(PLACES[place](text), script_engine)


def run_files(files: Files, script_engine: Any, **data: Any) -> BpmnWorkflow:
    """Parse and run the process with SpiffWorkflow as it comes; only the script engine is given."""
    parser = SpiffBpmnParser()
    if files.dmn:
        parser.add_dmn_str(files.dmn.encode())
    parser.add_bpmn_str(files.bpmn.encode())
    workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"), script_engine=script_engine)
    workflow.get_next_task(state=TaskState.READY).data.update(data)
    workflow.do_engine_steps()
    workflow.refresh_timers()
    for task in workflow.get_tasks(state=TaskState.READY, manual=True):
        task.run()
    workflow.do_engine_steps()
    return workflow
