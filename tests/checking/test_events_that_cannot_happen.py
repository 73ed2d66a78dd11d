"""Events that are drawn but could not happen, or would reach the wrong one, are named."""

from __future__ import annotations

import pytest

from tests.checking.packages import (
    boundary,
    chain,
    condition,
    end,
    extensions,
    node,
    only,
    package,
    problems,
    properties,
    simple,
    start,
    timer,
    user,
)

BEFORE = '<bpmn:message id="m" name="paid"/>\n<bpmn:signal id="s" name="storm"/>\n<bpmn:message id="nameless"/>\n'
MESSAGE, SIGNAL = '<bpmn:messageEventDefinition messageRef="m"/>', '<bpmn:signalEventDefinition signalRef="s"/>'


def wait(**words: str) -> str:
    return node(
        "intermediateCatchEvent", "step", extensions(properties(**{"correlation": "summary", **words})) + MESSAGE
    )


def throw(**words: str) -> str:
    return node(
        "intermediateThrowEvent", "step", extensions(properties(**{"correlation": "summary", **words})) + MESSAGE
    )


def link(kind: str, id: str, name: str = "there") -> str:
    return node(f"intermediate{kind}Event", id, f'<bpmn:linkEventDefinition name="{name}"/>')


def event_subprocess(definition: str, more: str = "", **attributes: str) -> str:
    inner = (
        node("startEvent", "on", definition, **attributes)
        + user("help")
        + end("helped")
        + chain("on", "help", "helped")
    )
    return simple(user("step"), more=node("subProcess", "part", inner, triggeredByEvent="true") + more)


def gateway(*events: str) -> str:
    return start() + node("eventBasedGateway", "gate") + "".join(events) + end() + chain("begin", "gate")


WRONG: dict[str, tuple[str, str, str]] = {
    "a message without a name": (
        simple(wait().replace('messageRef="m"', 'messageRef="nameless"')), "message_missing", "step",
    ),
    "a correlation that does not parse": (simple(wait(correlation="summary +")), "expression", "step"),
    "a correlation with an unknown variable": (simple(throw(correlation="sumary")), "variable_unknown", "step"),
    "a payload that does not parse": (simple(throw(payload="{'a'")), "expression", "step"),
    "a time that is none": (simple(throw(ttl="soon")), "ttl", "step"),
    "a variable that cannot be one": (simple(wait(variable="typename")), "variable_name", "step"),
    "a payload where a message is waited for": (simple(wait(payload="{}")), "property_misplaced", "step"),
    "a correlation of a signal": (
        simple(node("intermediateCatchEvent", "step", extensions(properties(correlation="summary")) + SIGNAL)),
        "property_misplaced", "step",
    ),
    "a correlation on a step": (simple(user("step", correlation="summary")), "property_misplaced", "step"),
    "a link that is caught twice": (
        start() + link("Throw", "t") + link("Catch", "c1") + link("Catch", "c2") + end() + chain("begin", "t")
        + chain("c1", "finish") + chain("c2", "finish"),
        "link_twice", "c2",
    ),
    "a link in another scope": (
        start() + node("subProcess", "part", start("b2") + link("Throw", "t") + end("e2") + chain("b2", "t"))
        + link("Catch", "c") + end() + chain("begin", "part", "finish") + chain("c", "finish"),
        "link_target_missing", "t",
    ),
    "a flow out of a link": (
        start() + link("Throw", "t") + link("Catch", "c") + end() + chain("begin", "t", "finish") + chain("c", "finish"),
        "flow_out", "t",
    ),
    "an event gateway before a step": (
        gateway(user("a"), node("intermediateCatchEvent", "t", timer("timeDuration", "P1D")))
        + chain("gate", "a", "finish") + chain("gate", "t", "finish"),
        "event_gateway_target", "a",
    ),
    "an event after the gateway that others reach too": (
        gateway(
            node("intermediateCatchEvent", "a", timer("timeDuration", "P1D")),
            node("intermediateCatchEvent", "b", condition("amount > 1")), user("u"),
        )
        + chain("gate", "a", "u", "b", "finish") + chain("gate", "b"),
        "event_gateway_target", "b",
    ),
    "a flow to an event sub-process": (event_subprocess(SIGNAL, chain("part", "finish")), "event_subprocess", "part"),
    "an event sub-process with a boundary event": (
        event_subprocess(SIGNAL, boundary("edge", "part", timer("timeDuration", "P1D")) + chain("edge", "finish")),
        "event_subprocess", "part",
    ),
    "an event sub-process for an error that nothing throws": (
        event_subprocess("<bpmn:errorEventDefinition/>"), "boundary_never", "on",
    ),
    "a repeating event sub-process": (
        event_subprocess(timer("timeCycle", "R3/P1D"), isInterrupting="false"), "timer_cycle", "on",
    ),
    "a payload on the message itself": (
        simple(wait()), "extension_unsupported", "m",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_it_is_named_at_its_node(what: str) -> None:
    body, code, element = WRONG[what]
    before = BEFORE
    if what == "a payload on the message itself":
        held = extensions("<spiffworkflow:messagePayload>{}</spiffworkflow:messagePayload>")
        before = BEFORE.replace(
            '<bpmn:message id="m" name="paid"/>', f'<bpmn:message id="m" name="paid">{held}</bpmn:message>'
        )
    problem = only(problems(package(body, before=before)), code, element)
    assert problem.severity == "error" and problem.line is not None


@pytest.mark.parametrize(
    "body",
    [
        simple(wait()),
        simple(throw(payload="{'a': amount}", ttl="P1D")),
        start() + link("Throw", "t") + link("Catch", "c") + user("u") + end() + chain("begin", "t") + chain("c", "u", "finish"),
        event_subprocess(SIGNAL),
        event_subprocess(timer("timeDuration", "P1D")),
        gateway(
            node("intermediateCatchEvent", "a", timer("timeDuration", "P1D")), node("intermediateCatchEvent", "b", SIGNAL)
        )
        + chain("gate", "a", "finish") + chain("gate", "b", "finish"),
    ],
    ids=["wait", "throw", "link", "event sub-process", "its timer", "event gateway"],
)  # fmt: skip
def test_what_can_happen_passes(body: str) -> None:
    assert [problem.as_text() for problem in problems(package(body, before=BEFORE))] == []
