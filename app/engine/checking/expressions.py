"""Every other place where SpiffWorkflow would evaluate text, also in elements that are refused anyway."""

from __future__ import annotations

from app.engine.checking.desk import Desk
from app.engine.checking.variables import lint
from app.engine.packages.diagram import B, S

_PLACES = (
    (f"{B}conditionExpression", "连线的条件", "the condition of a flow"),
    (f"{B}condition", "条件事件的条件", "the condition of an event"),
    (f"{B}loopCardinality", "多实例的个数", "the number of instances"),
    (f"{B}completionCondition", "完成条件", "a completion condition"),
    (f"{B}loopCondition", "循环条件", "a loop condition"),
    (f"{B}messagePath", "消息关联", "a message correlation"),
    (f"{B}formalExpression", "表达式", "an expression"),
    (f"{S}messagePayload", "消息内容", "the payload of a message"),
    (f"{S}payloadExpression", "事件内容", "the payload of an event"),
)


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    for tag, zh, en in _PLACES:
        for element in desk.root.iter(tag):
            lint(desk, element.text or "", zh, en, element=element)
    for element in desk.root.iter(f"{S}parameter"):
        value = element.get("value")
        if value is not None:
            name = element.get("id", "")
            lint(desk, value, f"参数“{name}”", f"the parameter {name!r}", element=element)
