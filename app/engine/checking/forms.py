"""The forms: there, sound, used, and with names that may be assigned."""

from __future__ import annotations

import difflib
import keyword

from app.engine.checking.desk import Desk, quoted
from app.engine.checking.variables import ENGINE, SIGNATURES
from app.engine.packages.package import MANIFEST
from app.engine.running.plain import RESERVED


def check(desk: Desk) -> None:
    files = desk.package.named("forms", ".json")
    used = {
        form: node for node in desk.diagram.nodes.values() if node.is_human and (form := node.properties.get("form"))
    }
    for node in desk.diagram.nodes.values():
        form = node.properties.get("form")
        if form and node.is_human and form not in files:
            _missing(desk, form, set(files), at=node)
    start_form = desk.package.manifest.get("start_form")
    if isinstance(start_form, str) and start_form and start_form not in files:
        _missing(desk, start_form, set(files), file=MANIFEST, element_id="start_form")
    for name, content in files.items():
        file = f"forms/{name}.json"
        _sound(desk, file, name, content)
        if name not in used and name != start_form and desk.root is not None:
            desk.warn("form_unused", f"没有步骤用到表单 {name}", f"No step uses the form {name}", file=file)


def _sound(desk: Desk, file: str, name: str, content: bytes) -> None:
    if desk.form_check is not None:
        for path, zh, en in desk.form_check(name, content):
            desk.add("form", zh, en, file=file, element_id=path or None)
    elif name not in desk.forms:
        desk.add("form", "不是 JSON 对象", "Not a JSON object", file=file)
    for field in desk.fields(name):
        reserved(desk, field, file=file, element_id=field)


def _missing(desk: Desk, form: str, there: set[str], **where: object) -> None:
    near = difflib.get_close_matches(form, there, 1)
    desk.add(
        "form_missing",
        f"找不到表单 forms/{form}.json",
        f"There is no form forms/{form}.json",
        fix=(f"是否为 {near[0]}？", f"Is it {near[0]}?")
        if near
        else (f"已有：{quoted(there)}", f"There are: {quoted(there)}"),
        about=form,
        **where,  # type: ignore[arg-type]
    )


def reserved(desk: Desk, name: str, **where: object) -> None:
    """A name that the engine sets, that would break a stored state, or that is no name at all."""
    if name in RESERVED or name in ENGINE or name == SIGNATURES or keyword.iskeyword(name) or not name.isidentifier():
        desk.add(
            "name_reserved",
            f"不能使用“{name[:80]}”作为变量名",
            f"{name[:80]!r} cannot be the name of a variable",
            fix=("换一个名称", "Choose another name"),
            **where,  # type: ignore[arg-type]
        )
