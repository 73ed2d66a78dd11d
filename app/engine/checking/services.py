"""Service tasks against the registry, and call activities against the diagram."""

from __future__ import annotations

import difflib
from typing import Any

import marshmallow as ma

from app.engine.checking.desk import Desk, quoted
from app.engine.checking.forms import reserved
from app.engine.packages.diagram import Node, Operator, S
from app.engine.packages.package import MANIFEST
from app.engine.running.services import Service, as_json


def check(desk: Desk) -> None:
    for node in desk.diagram.nodes.values():
        if node.kind == "serviceTask":
            _task(desk, node)
        elif node.kind == "callActivity":
            _call(desk, node)
    if desk.root is not None:
        for retry in desk.root.iter(f"{S}retry"):
            desk.add(
                "extension_unsupported",
                "扩展 retry 在此处不会执行：失败的服务由系统自动重试",
                "The extension retry is not carried out: failed services are retried by the system",
                element=retry,
            )
    for hook in ("on_cancel", "on_amend", "on_clock", "on_return"):
        name = desk.package.manifest.get(hook)
        if isinstance(name, str) and name:
            _hook(desk, hook, name)


def _task(desk: Desk, node: Node) -> None:
    operator = node.operator
    if operator is None or not operator.name:
        desk.add(
            "service_operator",
            "服务任务没有指定要调用的服务",
            "The service task names no service to call",
            at=node,
            fix=("写上 spiffworkflow:serviceTaskOperator", "Add a spiffworkflow:serviceTaskOperator"),
        )
        return
    if operator.result:
        reserved(desk, operator.result, at=node)
    service = desk.services.tasks.get(operator.name)
    if service is None:
        _unknown(desk, operator.name, at=node)
    _written(desk, node, operator)
    if service is not None and service.params is not None:
        _params(desk, node, operator, service.params())


def _unknown(desk: Desk, name: str, **where: Any) -> None:
    near = difflib.get_close_matches(name, desk.services.tasks, 1)
    desk.add(
        "service_unknown",
        f"没有名为 {name} 的服务",
        f"There is no service called {name}",
        about=name,
        fix=(f"是否为 {near[0]}？", f"Is it {near[0]}?")
        if near
        else (f"可用：{quoted(desk.services.tasks)}", f"There are: {quoted(desk.services.tasks)}"),
        **where,
    )


def _written(desk: Desk, node: Node, operator: Operator) -> None:
    seen: set[str] = set()
    for param in operator.params:
        if not param.name or param.value is None or param.type is None:
            desk.add(
                "service_parameter",
                f"参数“{param.name}”须有 id、type 和 value",
                f"The parameter {param.name!r} needs id, type and value",
                at=node,
                line=param.line,
            )
        if param.name in seen:
            desk.add(
                "service_parameter",
                f"参数“{param.name}”出现两次",
                f"The parameter {param.name!r} stands twice",
                at=node,
                line=param.line,
            )
        seen.add(param.name)


def _params(desk: Desk, node: Node, operator: Operator, schema: ma.Schema) -> None:
    fields = {field.data_key or name: field for name, field in schema.load_fields.items()}
    given = {param.name: param for param in operator.params}
    for name in given.keys() - fields.keys():
        near = difflib.get_close_matches(name, fields, 1)
        desk.add(
            "service_parameter_unknown",
            f"服务 {operator.name} 没有参数“{name}”",
            f"The service {operator.name} has no parameter {name!r}",
            at=node,
            line=given[name].line,
            about=name,
            fix=(f"是否为 {near[0]}？", f"Is it {near[0]}?")
            if near
            else (f"可用：{quoted(fields)}", f"There are: {quoted(fields)}"),
        )
    for name, field in fields.items():
        if field.required and name not in given:
            desk.add(
                "service_parameter_missing",
                f"服务 {operator.name} 缺少必填参数“{name}”",
                f"The service {operator.name} needs the parameter {name!r}",
                at=node,
                about=name,
            )
        elif name in given and given[name].value is not None:
            _constant(desk, node, operator, name, field, str(given[name].value), given[name].line)


def _constant(
    desk: Desk, node: Node, operator: Operator, name: str, field: ma.fields.Field[Any], text: str, line: int | None
) -> None:
    """A value without variables can be tried already."""
    if desk.language.problem(text) is not None or desk.language.names(text):
        return
    try:
        field.deserialize(as_json(desk.language.evaluate(text, {})))
    except ma.ValidationError as wrong:
        said = "; ".join(map(str, wrong.messages if isinstance(wrong.messages, list) else [wrong.messages]))
        desk.add(
            "service_parameter_value",
            f"服务 {operator.name} 的参数“{name}”不接受 {text[:80]}：{said}",
            f"The parameter {name!r} of the service {operator.name} does not take {text[:80]}: {said}",
            at=node,
            line=line,
        )
    except (ValueError, LookupError, ArithmeticError, RuntimeError):  # it needs more than is here: found out in a run
        return


def _call(desk: Desk, node: Node) -> None:
    if node.starts is not None:
        return  # see calls
    if not node.called or node.called not in desk.diagram.processes:
        shown = node.called or ""
        desk.add(
            "called_missing",
            f"被调用的流程“{shown}”不在此图中" if shown else "调用活动没有指定流程",
            f"The called process {shown!r} is not in this diagram" if shown else "The call activity names no process",
            at=node,
            fix=(
                "被调用的流程须在同一个 process.bpmn 中；要启动另外部署的流程，请写上属性 detached = true",
                "A called process stands in the same process.bpmn; to start one of its own give it detached = true",
            ),
        )


def _hook(desk: Desk, hook: str, name: str) -> None:
    service: Service | None = desk.services.tasks.get(name)
    if service is None:
        _unknown(desk, name, file=MANIFEST, element_id=hook)
    elif service.params is not None and any(field.required for field in service.params().load_fields.values()):
        desk.add(
            "service_parameter_missing",
            f"{hook} 调用的服务 {name} 不能有必填参数",
            f"The service {name} that {hook} calls may not need parameters",
            file=MANIFEST,
            element_id=hook,
        )
