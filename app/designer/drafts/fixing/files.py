"""Fixes of the files around the diagram: forms that are not there, and process.toml."""

from __future__ import annotations

import json
import re

from lxml import etree

from app.designer.drafts import editing
from app.designer.drafts.fixing.bench import Bench, Changes, Fix, nearest
from app.engine import Problem
from app.i18n import _

_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")


def form_missing(problem: Problem, bench: Bench) -> Fix | None:
    """The form that was meant, where one is called nearly so; else an empty one to be filled in."""
    wanted = problem.about or ""
    near = nearest(wanted, bench.package.named("forms", ".json"), 0.8)
    node = bench.node(problem)
    if near is not None and node is not None:
        return bench.in_diagram(
            problem,
            _("改用表单 %(name)s", name=near),
            lambda root: editing.set_property(_element(root, node.id), "form", near),
        )
    if not _NAME.fullmatch(wanted):
        return None
    title = {"zh": node.name or wanted, "en": node.name_en or node.name or wanted} if node else None
    return bench.fix(
        problem,
        _("新建表单 forms/%(name)s.json", name=wanted),
        lambda: {f"forms/{wanted}.json": empty_form(title or {"zh": "发起", "en": "Start"}, f"{wanted}_remark")},
    )


def _element(root: etree._Element, element_id: str) -> etree._Element:
    found = editing.by_id(root, element_id)
    assert found is not None
    return found


def empty_form(title: dict[str, str], name: str) -> bytes:
    """A form with one field that nobody has to fill in: a form without any is none."""
    label = {"zh": "说明", "en": "Remark"}
    field = {"name": name, "kind": "textarea", "label": label}
    return json.dumps({"title": title, "fields": [field]}, ensure_ascii=False, indent=2).encode() + b"\n"


def form_unused(problem: Problem, bench: Bench) -> Fix | None:
    return bench.fix(problem, _("删除文件 %(name)s", name=problem.file), lambda: {problem.file: None})


def file_unknown(problem: Problem, bench: Bench) -> Fix | None:
    return bench.fix(problem, _("删除文件 %(name)s", name=problem.file), lambda: {problem.file: None})


def file_missing(problem: Problem, bench: Bench) -> Fix | None:
    """A process.toml to begin with; a diagram cannot be invented."""
    if problem.file != editing.MANIFEST:
        return None
    process = bench.diagram.processes.get(bench.package.key) or next(iter(bench.diagram.processes.values()), None)
    title = (process.name if process else "") or bench.package.key

    def make() -> Changes:
        return {editing.MANIFEST: editing.toml_text(bench.package.key, title, title, []).encode()}

    return bench.fix(problem, _("新建 process.toml"), make)


def manifest_key(problem: Problem, bench: Bench) -> Fix | None:
    return bench.in_manifest(problem, f'key = "{bench.package.key}"', "key", bench.package.key)


def manifest_title(problem: Problem, bench: Bench) -> Fix | None:
    """The other language stands in until somebody translates it."""
    name = problem.element_id or ""
    given = bench.package.manifest.get(name)
    texts = {k: str(v) for k, v in given.items() if str(v).strip()} if isinstance(given, dict) else {}
    other = texts.get("zh") or texts.get("en")
    if not other or problem.about not in ("zh", "en") or not texts.keys() <= {"zh", "en"}:
        return None
    both = {language: texts.get(language, other) for language in ("zh", "en")}
    label = _("暂用中文作英文") if problem.about == "en" else _("暂用英文作中文")
    return bench.in_manifest(problem, label, name, both)


def manifest_starters(problem: Problem, bench: Bench) -> Fix | None:
    return bench.in_manifest(problem, _("写明只由系统启动"), "starters", [])
