"""What the properties panel may offer for a draft: everything that a setting can name, in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from lxml import etree
from sqlalchemy.orm import Session

from app import web
from app.accounts import role_name
from app.calendars.rules import pick, shipped_rules
from app.clock import local
from app.designer.editor import words
from app.designer.editor.fragments import fragments
from app.engine import Definition, Engine, Node, Package, Variable, XMLRefused, open_xml
from app.i18n import _, bilingual
from app.i18n import pick as pick_text

FORM_KINDS_WITHOUT_ANSWER = frozenset({"note"})


def catalogue(session: Session, engine: Engine, package: Package, links: dict[str, str]) -> dict[str, Any]:
    """`links` has addresses for `forms` and `decisions` with `__name__` in them, where there are such pages."""
    forms = list(_forms(package, links.get("forms")))
    processes = list(_processes(session, engine))
    return {
        "roles": [{"key": role, "name": role_name(role)} for role in sorted(engine.directory.roles())],
        "lanes": list(_lanes(engine)),
        "rules": list(_rules(engine)),
        "services": list(_services(engine)),
        "checks": [{"name": name, "title": words.check_title(name)} for name in sorted(engine.services.checks)],
        "forms": forms,
        "decisions": list(_decisions(package, links.get("decisions"))),
        "processes": processes,
        "fragments": list(fragments(package, {process["key"] for process in processes})),
        "functions": [
            {"name": name, "signature": sign, "about": str(about)} for name, (sign, about) in _functions(engine)
        ],
        "variables": _variables(engine.variables(package), forms, package),
    }


def _functions(engine: Engine) -> Iterator[tuple[str, tuple[str, Any]]]:
    for name, told in words.FUNCTIONS.items():
        yield name, told
    for name in sorted(engine.language.functions.keys() - words.FUNCTIONS.keys()):
        yield name, (f"{name}(…)", "")


def _lanes(engine: Engine) -> Iterator[dict[str, Any]]:
    """Each lane of roles.toml once: a diagram may bear its name in either language."""
    names = list(engine.lanes)
    while names:
        zh = names.pop(0)
        lane = engine.lanes[zh]
        en = names.pop(0) if names and names[0].isascii() and engine.lanes[names[0]] == lane else zh
        yield {
            "names": [zh, en],
            "title": bilingual(zh, en),
            "role": lane.role,
            "role_name": role_name(lane.role),
            "org": lane.org or "",
        }


def _rules(engine: Engine) -> Iterator[dict[str, Any]]:
    today = local(web.clock().now()).date()
    units = {"work_days": _("工作日"), "days": _("天"), "hours": _("小时"), "months": _("个月")}
    for code in sorted(engine.calendar.rules()):
        rule = pick(shipped_rules(), code, today)
        if rule is not None:
            text = _("%(n)s %(unit)s", n=rule.amount, unit=units[rule.unit])
            yield {"code": code, "name": bilingual(rule.name_zh, rule.name_en), "text": text, "basis": rule.legal_basis}


def _services(engine: Engine) -> Iterator[dict[str, Any]]:
    for name, service in sorted(engine.services.tasks.items()):
        params = service.params().load_fields if service.params else {}
        results = None if service.result is None else [f.data_key or n for n, f in service.result().fields.items()]
        yield {
            "name": name,
            "title": words.service_title(name),
            "params": [words.parameter(field.data_key or key, field) for key, field in params.items()],
            "results": results,
            "repeatable": service.repeatable,
        }


def _forms(package: Package, link: str | None) -> Iterator[dict[str, Any]]:
    for name, content in package.named("forms", ".json").items():
        form = _parsed(content)
        yield {"name": name, "title": form.get("title") or name, "fields": _fields(form), "url": _link(link, name)}


def _link(link: str | None, name: str) -> str | None:
    return link.replace("__name__", quote(name, safe="")) if link else None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        form = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return form if isinstance(form, dict) else {}


def _fields(form: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields that give an answer; a file that is being written may have anything in their place."""
    found = []
    fields = form.get("fields")
    for field in fields if isinstance(fields, list) else []:
        if (
            isinstance(field, dict)
            and isinstance(field.get("name"), str)
            and str(field.get("kind")) not in FORM_KINDS_WITHOUT_ANSWER
        ):
            options = field.get("options")
            found.append(
                {
                    "name": field["name"],
                    "kind": field.get("kind"),
                    "label": field.get("label") or field["name"],
                    "required": field.get("required"),
                    "options": [
                        {"value": str(one.get("value")), "label": one.get("label") or str(one.get("value"))}
                        for one in (options if isinstance(options, list) else [])
                        if isinstance(one, dict)
                    ],
                }
            )
    return found


def _decisions(package: Package, link: str | None) -> Iterator[dict[str, Any]]:
    for name, content in package.named("decisions", ".dmn").items():
        root = _xml(content)
        decision = None if root is None else root.find("{*}decision")
        if decision is not None:
            yield {
                "id": decision.get("id", ""),
                "file": name,
                "name": decision.get("name") or name,
                "outputs": [output.get("name") or output.get("label") or "" for output in decision.iter("{*}output")],
                "url": _link(link, name),
            }


def _xml(content: bytes) -> etree._Element | None:
    try:
        return open_xml(content)
    except XMLRefused:
        return None


def _extends(node: Node) -> bool:
    """A service that moves the due instant of the step that a request is about (`supervision.extend`)."""
    name = node.operator.name if node.operator is not None else ""
    return name.rpartition(".")[2].startswith("extend")


def _processes(session: Session, engine: Engine) -> Iterator[dict[str, Any]]:
    """What is published, with what can be handed to each when it is started."""
    ids = session.scalars(sa.select(Definition.id).where(Definition.status == "published").order_by(Definition.key))
    for definition_id in ids.all():
        loaded = engine.definition(session, definition_id)
        fields = _fields(loaded.form(loaded.manifest.get("start_form")) or {})
        inputs = [{"name": name, "label": name} for name in loaded.manifest.get("inputs") or []]
        yield {
            "key": loaded.key,
            "title": bilingual(loaded.title["zh"], loaded.title["en"]),
            "extends": bool(loaded.manifest.get("start_form")) and any(map(_extends, loaded.nodes.values())),
            "takes": [{"name": field["name"], "label": field["label"]} for field in fields] + inputs,
        }


def _variables(found: tuple[Variable, ...], forms: list[dict[str, Any]], package: Package) -> list[dict[str, Any]]:
    """Each name once: what it is called, what it may be, and which steps set it (null: known from the start)."""
    fields = {form["name"]: {field["name"]: field for field in form["fields"]} for form in forms}
    own = _own()
    told: dict[str, dict[str, Any]] = {}
    for variable in found:
        field = fields.get(variable.form or "", {}).get(variable.name, {})
        label = pick_text(field.get("label")) if field else own.get(variable.name, "")
        entry = told.setdefault(
            variable.name, {"name": variable.name, "label": "", "kind": None, "options": [], "from": []}
        )
        entry["label"] = entry["label"] or label
        entry["kind"] = entry["kind"] or field.get("kind")
        entry["options"] = entry["options"] or field.get("options") or []
        if variable.node is None:
            entry["from"] = None
        elif entry["from"] is not None and variable.node not in entry["from"]:
            entry["from"].append(variable.node)
    return sorted(told.values(), key=lambda entry: (entry["name"] in own, entry["label"] == "", entry["name"]))


def _own() -> dict[str, str]:
    return {
        "instance_id": _("本件的内部编号"),
        "starter": _("发起人"),
        "completed_by": _("各步骤的办理人"),
        "signatures": _("各步骤的签署结果"),
    }
