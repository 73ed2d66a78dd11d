"""Fixes of service tasks: what they call, and the parameters that the service describes."""

from __future__ import annotations

import marshmallow as ma
from lxml import etree

from app.designer.drafts.editing import S, remove
from app.designer.drafts.fixing.bench import Bench, Fix, element_of, nearest
from app.engine import Problem
from app.i18n import _

_EMPTY: tuple[tuple[type[ma.fields.Field], str], ...] = (  # type: ignore[type-arg]
    (ma.fields.Boolean, "False"),
    (ma.fields.Integer, "0"),
    (ma.fields.Number, "0"),
    (ma.fields.DateTime, "now()"),
    (ma.fields.Date, "today()"),
    (ma.fields.List, "[]"),
    (ma.fields.Dict, "{}"),
    (ma.fields.Nested, "{}"),
)


def unknown(problem: Problem, bench: Bench) -> Fix | None:
    near = nearest(problem.about or "", bench.engine.services.tasks)
    if near is None or bench.node(problem) is None:
        return None
    return bench.in_diagram(
        problem, _("改为 %(text)s", text=near), lambda root: _operator(root, problem).set("id", near)
    )


def parameter_missing(problem: Problem, bench: Bench) -> Fix | None:
    """Add it: the variable of the same name where a form asks for one, else what is empty for its kind."""
    field = _fields(problem, bench).get(problem.about or "")
    if field is None or not problem.about:
        return None
    name = problem.about
    value = name if name in _asked(bench) else _empty(field)

    def change(root: etree._Element) -> None:
        holder = _operator(root, problem).find(f"{S}parameters")
        if holder is None:
            holder = etree.SubElement(_operator(root, problem), f"{S}parameters")
        etree.SubElement(holder, f"{S}parameter", {"id": name, "type": "str", "value": value})

    return bench.in_diagram(problem, _("补上参数 %(name)s = %(value)s", name=name, value=value), change)


def parameter_unknown(problem: Problem, bench: Bench) -> Fix | None:
    """The parameter that it was meant to be, where that one is not given; else it goes."""
    wrong, node = problem.about or "", bench.node(problem)
    if node is None or node.operator is None or not wrong:
        return None
    given = {param.name for param in node.operator.params}
    near = nearest(wrong, _fields(problem, bench).keys() - given)
    label = _("改为 %(text)s", text=near) if near else _("删除参数 %(name)s", name=wrong)

    def change(root: etree._Element) -> None:
        for param in list(_operator(root, problem).iter(f"{S}parameter")):
            if param.get("id") == wrong:
                param.set("id", near) if near else remove(param)

    return bench.in_diagram(problem, label, change)


def _fields(problem: Problem, bench: Bench) -> dict[str, ma.fields.Field]:  # type: ignore[type-arg]
    node = bench.node(problem)
    service = bench.engine.services.tasks.get(node.operator.name) if node and node.operator else None
    if service is None or service.params is None:
        return {}
    return {field.data_key or name: field for name, field in service.params().load_fields.items()}


def _operator(root: etree._Element, problem: Problem) -> etree._Element:
    return next(element_of(root, problem).iter(f"{S}serviceTaskOperator"))


def _asked(bench: Bench) -> set[str]:
    """Names that a form of the process assigns."""
    import json

    found: set[str] = set()
    for content in bench.package.named("forms", ".json").values():
        try:
            fields = json.loads(content).get("fields", [])
        except (ValueError, AttributeError, RecursionError):
            continue
        found |= {str(field.get("name")) for field in fields if isinstance(field, dict)}
    return found


def _empty(field: ma.fields.Field) -> str:  # type: ignore[type-arg]
    return next((text for kind, text in _EMPTY if isinstance(field, kind)), '""')
