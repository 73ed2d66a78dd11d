"""Everything that SpiffWorkflow would take and not carry out is refused by name."""

from __future__ import annotations

import pytest

from tests.checking.packages import (
    boundary,
    chain,
    condition,
    diagram,
    end,
    extensions,
    flow,
    node,
    only,
    package,
    problems,
    process,
    properties,
    script,
    service,
    simple,
    start,
    timer,
    user,
)

MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
BEFORE = '<bpmn:message id="m" name="m"/>\n<bpmn:signal id="s" name="s"/>\n'


def catch(definition: str) -> str:
    return simple(node("intermediateCatchEvent", "step", definition))


def throw(definition: str) -> str:
    return simple(node("intermediateThrowEvent", "step", definition))


def ending(definition: str) -> str:
    return start() + user("step") + end(inner=definition) + chain("begin", "step", "finish")


def beginning(definition: str) -> str:
    return node("startEvent", "begin", definition) + user("step") + end() + chain("begin", "step", "finish")


def on_step(definition: str) -> str:
    return simple(user("step"), more=boundary("edge", "step", definition) + end("other") + chain("edge", "other"))


REFUSED: dict[str, tuple[str, str, str]] = {  # what: body, code, element
    "task without a type": (simple(node("task", "step", name="办")), "element_unsupported", "step"),
    "send task without a message": (simple(node("sendTask", "step")), "message_missing", "step"),
    "receive task without a message": (simple(node("receiveTask", "step")), "message_missing", "step"),
    "event-based gateway with one event": (
        start()
        + node("eventBasedGateway", "step")
        + node("intermediateCatchEvent", "later", timer("timeDuration", "P1D"))
        + end()
        + chain("begin", "step", "later", "finish"),
        "event_gateway",
        "step",
    ),
    "complex gateway": (simple(node("complexGateway", "step")), "element_unsupported", "step"),
    "transaction": (simple(node("transaction", "step")), "element_unsupported", "step"),
    "ad-hoc sub-process": (simple(node("adHocSubProcess", "step")), "element_unsupported", "step"),
    "event sub-process that nothing starts": (
        simple(
            user("step"),
            more=node("subProcess", "inner", start("b2") + end("e2") + chain("b2", "e2"), triggeredByEvent="true"),
        ),
        "event_unsupported",
        "b2",
    ),
    "multi-instance marker": (
        simple(
            user(
                "step",
                inner="<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>"
                "</bpmn:multiInstanceLoopCharacteristics>",
            )
        ),
        "multi_instance",
        "step",
    ),
    "loop marker": (
        simple(user("step", inner='<bpmn:standardLoopCharacteristics loopMaximum="3"/>')),
        "loop_marker",
        "step",
    ),
    "data object": (simple(user("step"), more=node("dataObject", "paper")), "element_unsupported", "paper"),
    "data store": (simple(user("step"), more=node("dataStoreReference", "store")), "data_store", "store"),
    "data association": (
        simple(
            user(
                "step",
                inner='<bpmn:dataInputAssociation id="into"><bpmn:sourceRef>paper</bpmn:sourceRef></bpmn:dataInputAssociation>',
            )
        ),
        "data_association",
        "into",
    ),
    "potential owner": (
        simple(user("step", inner='<bpmn:potentialOwner id="owner"/>')),
        "element_unsupported",
        "owner",
    ),
    "timer start": (beginning(timer("timeDuration", "P1D")), "event_unsupported", "begin"),
    "conditional start": (beginning(condition("amount > 1")), "event_unsupported", "begin"),
    "message catch without correlation": (catch(MESSAGE), "correlation_missing", "step"),
    "link that nothing throws": (catch('<bpmn:linkEventDefinition name="l"/>'), "link_source_missing", "step"),
    "plain catch": (catch(""), "event_unsupported", "step"),
    "link that nothing catches": (throw('<bpmn:linkEventDefinition name="l"/>'), "link_target_missing", "step"),
    "compensation throw": (throw("<bpmn:compensateEventDefinition/>"), "event_unsupported", "step"),
    "message throw without correlation": (throw(MESSAGE), "correlation_missing", "step"),
    "signal without a name": (throw("<bpmn:signalEventDefinition/>"), "signal_missing", "step"),
    "message end without correlation": (ending(MESSAGE), "correlation_missing", "finish"),
    "cancel end": (ending("<bpmn:cancelEventDefinition/>"), "event_unsupported", "finish"),
    "compensation end": (ending("<bpmn:compensateEventDefinition/>"), "event_unsupported", "finish"),
    "message boundary without correlation": (on_step(MESSAGE), "correlation_missing", "edge"),
    "compensation boundary": (on_step("<bpmn:compensateEventDefinition/>"), "event_unsupported", "edge"),
    "plain boundary": (on_step(""), "event_unsupported", "edge"),
    "two definitions": (
        catch(timer("timeDuration", "P1D") + timer("timeDuration", "P2D")),
        "event_multiple",
        "step",
    ),
    "referenced definition": (
        catch("<bpmn:eventDefinitionRef>somewhere</bpmn:eventDefinitionRef>"),
        "element_unsupported",
        "step",
    ),
    "error boundary on a user task": (on_step("<bpmn:errorEventDefinition/>"), "boundary_host", "edge"),
    "timer on a service task": (
        simple(
            service("step", "sample.void"),
            more=boundary("edge", "step", timer("timeDuration", "P1D")) + end("other") + chain("edge", "other"),
        ),
        "boundary_host",
        "edge",
    ),
    "uncaught error": (ending("<bpmn:errorEventDefinition/>"), "error_uncaught", "finish"),
    "uncaught escalation": (throw("<bpmn:escalationEventDefinition/>"), "escalation_uncaught", "step"),
    "error that nothing throws": (
        simple(
            node("subProcess", "step", start("b2") + user("u2") + end("e2") + chain("b2", "u2", "e2")),
            more=boundary("edge", "step", "<bpmn:errorEventDefinition/>") + end("other") + chain("edge", "other"),
        ),
        "boundary_never",
        "edge",
    ),
    "for compensation": (
        simple(node("userTask", "step", isForCompensation="true")),
        "attribute_unsupported",
        "step",
    ),
    "instantiate": (simple(node("receiveTask", "step", instantiate="true")), "attribute_unsupported", "step"),
    "another script language": (
        simple(node("scriptTask", "step", "<bpmn:script>x = 1</bpmn:script>", scriptFormat="javascript")),
        "language_unsupported",
        "step",
    ),
    "another system's attribute": (
        simple(node("userTask", "step")).replace(
            'id="step"', 'id="step" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:assignee="demo"'
        ),
        "extension_foreign",
        "step",
    ),
    "another system's element": (
        simple(
            node(
                "userTask",
                "step",
                extensions('<zeebe:formDefinition xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" formId="f"/>'),
            )
        ),
        "extension_foreign",
        "step",
    ),
    "pre-script of a script task": (
        simple(
            node(
                "scriptTask",
                "step",
                extensions("<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>")
                + "<bpmn:script>y = 1</bpmn:script>",
            )
        ),
        "extension_unsupported",
        "step",
    ),
    "variable name of a form": (
        simple(node("userTask", "step", extensions("<spiffworkflow:variableName>x</spiffworkflow:variableName>"))),
        "extension_unsupported",
        "step",
    ),
    "retry of a service": (
        simple(service("step", "sample.void")).replace(
            "<spiffworkflow:parameters>", '<spiffworkflow:retry retries="3"/><spiffworkflow:parameters>'
        ),
        "extension_unsupported",
        "step",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_by_name(what: str) -> None:
    body, code, element = REFUSED[what]
    problem = only(problems(package(body, before=BEFORE)), code, element)
    assert problem.severity == "error" and problem.line is not None


def test_a_message_flow_between_pools_is_refused() -> None:
    pools = (
        '<bpmn:collaboration id="pools"><bpmn:participant id="ours" processRef="sample"/>'
        '<bpmn:participant id="theirs"/><bpmn:messageFlow id="letter" sourceRef="step" targetRef="theirs"/>'
        "</bpmn:collaboration>\n"
    )
    only(problems(package(simple(user("step")), before=pools)), "element_unsupported", "letter")


def test_a_pool_around_the_process_and_an_empty_one_may_be() -> None:
    pools = (
        '<bpmn:collaboration id="pools"><bpmn:participant id="ours" processRef="sample"/>'
        '<bpmn:participant id="theirs"/></bpmn:collaboration>\n'
    )
    assert problems(package(simple(user("step")), before=pools)) == []


def test_everything_that_is_executed_passes() -> None:
    inner = start("b2") + user("u2") + node("exclusiveGateway", "x2", default="fine") + chain("b2", "u2", "x2")
    inner += end("e2") + flow("x2", "e2", id="fine")
    inner += end("failed", '<bpmn:errorEventDefinition errorRef="wrong"/>') + flow("x2", "failed", "not agreed")
    inner += node("intermediateThrowEvent", "raise", '<bpmn:escalationEventDefinition escalationRef="up"/>')
    inner += flow("x2", "raise", "amount > 100") + end("e3") + chain("raise", "e3")
    body = start() + user("ask", deadline="office_3d") + script("calc", "total = amount * 2")
    body += node("parallelGateway", "fork") + node(
        "manualTask", "look", extensions(properties(role="dept_staff", name_en="Look")), name="看"
    )
    body += node("intermediateCatchEvent", "wait", timer("timeDuration", "P3D")) + node("parallelGateway", "join")
    body += (
        boundary("late", "ask", timer("timeDuration", "PT4H"), interrupting=False)
        + end("noted")
        + chain("late", "noted")
    )
    body += (
        boundary("again", "look", timer("timeCycle", "R3/P7D"), interrupting=False) + end("n2") + chain("again", "n2")
    )
    body += boundary("changed", "look", condition("total > 5")) + flow("changed", "join")
    body += node("subProcess", "part", inner) + boundary(
        "wrong_in", "part", '<bpmn:errorEventDefinition errorRef="wrong"/>'
    )
    body += boundary("up_in", "part", '<bpmn:escalationEventDefinition escalationRef="up"/>', interrupting=False)
    body += node("callActivity", "call", calledElement="helper") + node("inclusiveGateway", "any", default="any_finish")
    body += service("tell", "sample.grade", {"number": "amount"})
    body += node("inclusiveGateway", "all") + end() + end("up_end")
    body += end("stop", "<bpmn:terminateEventDefinition/>") + chain("wrong_in", "stop") + chain("up_in", "up_end")
    body += chain("begin", "ask", "calc", "fork", "look", "join") + chain("fork", "wait", "join", "part", "call", "any")
    body += flow("any", "tell", "amount > 5") + flow("any", "all", id="any_finish") + chain("tell", "all", "finish")
    helper = process(start("b9") + user("u9") + end("e9") + chain("b9", "u9", "e9"), key="helper")
    xml = diagram(
        process(body) + helper,
        before='<bpmn:error id="wrong" errorCode="wrong"/>\n<bpmn:escalation id="up" escalationCode="up"/>\n',
    )
    assert [p.as_text() for p in problems(package(xml=xml))] == []


def test_names_comments_and_groups_may_be() -> None:
    more = (
        '<bpmn:textAnnotation id="note"><bpmn:text>说明</bpmn:text></bpmn:textAnnotation>\n'
        '<bpmn:association id="line" sourceRef="step" targetRef="note"/>\n<!-- a comment -->\n'
    )
    body = simple(user("step"), more=more).replace('<bpmn:userTask id="step"', '<?pi x?><bpmn:userTask id="step"')
    assert problems(body) == []
