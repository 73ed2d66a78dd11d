"""Which elements of BPMN are executed here. All others are refused by name: nothing is drawn and then left out."""

from __future__ import annotations

from lxml import etree

from app.engine.checking.desk import Desk
from app.engine.packages.front_door import BPMN, FLOW_NODES, SPIFF, line_of, local_name, names, parts_of

Names = tuple[str, str]
_ALLOWED = frozenset(
    names(
        "definitions process collaboration participant laneSet lane childLaneSet flowNodeRef startEvent endEvent "
        "userTask manualTask scriptTask serviceTask businessRuleTask exclusiveGateway parallelGateway "
        "inclusiveGateway subProcess callActivity intermediateCatchEvent intermediateThrowEvent boundaryEvent "
        "sequenceFlow conditionExpression incoming outgoing script timerEventDefinition timeDate timeDuration "
        "timeCycle conditionalEventDefinition condition errorEventDefinition escalationEventDefinition "
        "terminateEventDefinition error escalation extensionElements documentation text textAnnotation association "
        "group category categoryValue sendTask receiveTask eventBasedGateway message signal messageEventDefinition "
        "signalEventDefinition linkEventDefinition"
    )
)
_NAMES: dict[str, Names] = {
    "task": ("未指定类型的任务", "a task without a type"),
    "complexGateway": ("复杂网关", "a complex gateway"),
    "transaction": ("事务子流程", "a transaction"),
    "adHocSubProcess": ("自由子流程", "an ad-hoc sub-process"),
    "multiInstanceLoopCharacteristics": ("多实例标记", "a multi-instance marker"),
    "standardLoopCharacteristics": ("循环标记", "a loop marker"),
    "messageFlow": ("消息流", "a message flow"),
    "dataObject": ("数据对象", "a data object"),
    "dataObjectReference": ("数据对象", "a data object"),
    "dataStore": ("数据存储", "a data store"),
    "dataStoreReference": ("数据存储", "a data store"),
    "dataInputAssociation": ("数据关联", "a data association"),
    "dataOutputAssociation": ("数据关联", "a data association"),
    "ioSpecification": ("输入输出说明", "an input/output specification"),
    "property": ("数据属性", "a data property"),
    "potentialOwner": ("潜在办理人", "a potential owner"),
    "humanPerformer": ("执行人", "a human performer"),
    "performer": ("执行人", "a performer"),
    "resourceRole": ("资源角色", "a resource role"),
    "eventDefinitionRef": ("引用的事件定义", "a referenced event definition"),
    "correlationKey": ("关联键", "a correlation key"),
    "correlationProperty": ("关联属性", "a correlation property"),
    "correlationSubscription": ("关联订阅", "a correlation subscription"),
    "choreography": ("编排图", "a choreography"),
    "conversationNode": ("会话", "a conversation"),
    "participantMultiplicity": ("多个参与者", "a participant multiplicity"),
    "import": ("外部文件引用", "an import"),
    "completionCondition": ("完成条件", "a completion condition"),
}
_CODES = {
    "multiInstanceLoopCharacteristics": "multi_instance",
    "standardLoopCharacteristics": "loop_marker",
    "dataInputAssociation": "data_association",
    "dataOutputAssociation": "data_association",
    "dataStore": "data_store",
    "dataStoreReference": "data_store",
}
_FIXES: dict[str, Names] = {
    "task": ("请选择类型：用户任务、服务任务、脚本任务等", "Choose a type: user task, service task, script task …"),
    "complexGateway": ("请改用排他、并行或包容网关", "Use an exclusive, parallel or inclusive gateway"),
    "multiInstanceLoopCharacteristics": (
        "多人签署同一步请用属性 policy；每一项各走一遍的，用调用活动并写上属性 detached 和 for_each",
        "Where several people sign one step, give it a policy; for a process each, a call with detached and for_each",
    ),
    "standardLoopCharacteristics": ("请用排他网关画出回路", "Draw the loop with an exclusive gateway"),
    "potentialOwner": ("请用泳道或属性 role", "Use a lane or the property role"),
    "humanPerformer": ("请用泳道或属性 assignee", "Use a lane or the property assignee"),
}
EVENTS: dict[str, Names] = {
    "": ("空白", "plain"),
    "timer": ("定时", "timer"),
    "conditional": ("条件", "conditional"),
    "error": ("错误", "error"),
    "escalation": ("升级", "escalation"),
    "terminate": ("终止", "terminate"),
    "message": ("消息", "message"),
    "signal": ("信号", "signal"),
    "link": ("链接", "link"),
    "compensate": ("补偿", "compensation"),
    "cancel": ("取消", "cancel"),
}
KINDS: dict[str, Names] = {
    "startEvent": ("开始事件", "start event"),
    "endEvent": ("结束事件", "end event"),
    "intermediateCatchEvent": ("中间捕获事件", "intermediate catch event"),
    "intermediateThrowEvent": ("中间抛出事件", "intermediate throw event"),
    "boundaryEvent": ("边界事件", "boundary event"),
    "userTask": ("用户任务", "user task"),
    "manualTask": ("手工任务", "manual task"),
    "scriptTask": ("脚本任务", "script task"),
    "serviceTask": ("服务任务", "service task"),
    "businessRuleTask": ("业务规则任务", "business rule task"),
    "sendTask": ("发送任务", "send task"),
    "receiveTask": ("接收任务", "receive task"),
    "exclusiveGateway": ("排他网关", "exclusive gateway"),
    "parallelGateway": ("并行网关", "parallel gateway"),
    "inclusiveGateway": ("包容网关", "inclusive gateway"),
    "eventBasedGateway": ("基于事件的网关", "event-based gateway"),
    "subProcess": ("子流程", "sub-process"),
    "callActivity": ("调用活动", "call activity"),
}
# Extension elements that mean something, and on which kinds of node.
_EXTENSIONS = {
    "properties": frozenset(FLOW_NODES | {"sequenceFlow", "lane", "participant"}),
    "serviceTaskOperator": frozenset({"serviceTask"}),
    "calledDecisionId": frozenset({"businessRuleTask"}),
    "preScript": frozenset({"userTask", "manualTask"}),
    "postScript": frozenset({"userTask", "manualTask"}),
}
_DECLARED = frozenset({"message", "signal", "error", "escalation"})  # payloads stand on the nodes
_PYTHONIC = frozenset({"", "python", "text/python", "text/x-python", "application/x-duban"})
_LANGUAGES = _PYTHONIC | {"http://www.w3.org/1999/xpath"}  # the default that editors write into definitions


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    _walk(desk, desk.root, inside=False)


def _walk(desk: Desk, element: etree._Element, inside: bool) -> None:
    for child in element:
        namespace, local = parts_of(child)
        if namespace == BPMN:
            _standard(desk, child, local)
            if local == "extensionElements":
                _extensions(desk, child, inside)
            elif local in _ALLOWED or local in FLOW_NODES:
                _walk(desk, child, inside or local == "process")
        elif inside:
            _foreign(desk, child, namespace)


def _standard(desk: Desk, element: etree._Element, local: str) -> None:
    if local not in _ALLOWED and not local.endswith("EventDefinition"):
        zh, en = _NAMES.get(local, (local, local))
        desk.add(
            _CODES.get(local, "element_unsupported"),
            f"尚不支持{zh}（{local}）",
            f"{en[0].upper()}{en[1:]} ({local}) is not supported yet",
            element=element,
            fix=_FIXES.get(local),
        )
    if local in FLOW_NODES | {"sequenceFlow", "process"} and not element.get("id"):
        desk.add("id_missing", f"{local} 没有编号", f"A {local} has no id", element=element, line=line_of(element))
    _attributes(desk, element, local)


def _attributes(desk: Desk, element: etree._Element, local: str) -> None:
    """Attributes that change the meaning and that nothing here would carry out."""
    for name, harmless in (
        ("isForCompensation", ("false",)),
        ("startQuantity", ("1",)),
        ("completionQuantity", ("1",)),
        ("instantiate", ("false",)),
        ("parallelMultiple", ("false",)),
        ("eventGatewayType", ("exclusive",)),
    ):
        value = element.get(name)
        if value is not None and value.lower() not in harmless:
            desk.add(
                "attribute_unsupported",
                f"尚不支持属性 {name}=“{value}”",
                f"The attribute {name}={value!r} is not supported yet",
                element=element,
            )
    language = element.get("scriptFormat") if local == "scriptTask" else element.get("language")
    if local in ("scriptTask", "conditionExpression", "condition") and (language or "").lower() not in _LANGUAGES:
        desk.add(
            "language_unsupported",
            f"表达式语言 {language} 不受支持，只能使用督办的表达式语言",
            f"The language {language} is not supported; use the expression language of Duban",
            element=element,
            fix=("删除语言设置", "Remove the language"),
        )
    for name in map(str, element.attrib) if local in FLOW_NODES else ():
        if name.startswith("{") and "XMLSchema-instance" not in name:
            namespace, _brace, attribute = name[1:].partition("}")
            _foreign(desk, element, namespace, attribute)


def _extensions(desk: Desk, holder: etree._Element, inside: bool) -> None:
    parent = holder.getparent()
    owner = "" if parent is None else local_name(parent)
    if not inside and owner not in _DECLARED:
        return
    for extension in holder:
        namespace, local = parts_of(extension)
        if namespace != SPIFF:
            _foreign(desk, extension, namespace)
        elif owner not in _EXTENSIONS.get(local, ()):
            desk.add(
                "extension_unsupported",
                f"扩展 {local} 在此处不会执行",
                f"The extension {local} is not carried out here",
                element=extension,
                fix=("删除此扩展", "Remove the extension"),
            )


def _foreign(desk: Desk, element: etree._Element, namespace: str, attribute: str | None = None) -> None:
    what = attribute or local_name(element)
    desk.add(
        "extension_foreign",
        f"其他系统的扩展 {what}（{namespace}）不会执行",
        f"{what} is another system's extension ({namespace}) and is not carried out",
        element=element,
        about=f"@{{{namespace}}}{attribute}" if attribute else str(element.tag),
        fix=("删除此扩展，改用本系统的步骤属性", "Remove it and use the step properties of this system"),
    )
