"""What is inside one instance, by an operator: its token moved, its data corrected. In place, with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, request, url_for

from app import web
from app.accounts import requires
from app.console import access, acts, queries
from app.console.picture import name_of
from app.console.views import blueprint
from app.engine import Instance, Loaded, Movable, Place
from app.errors import Conflict, DubanError, Invalid
from app.i18n import _, lazy_

FIELD = "value:"  # of a form field: the variable it sets
DIRECTIONS = {"forward": lazy_("向前"), "back": lazy_("退回"), "aside": lazy_("转到")}


@dataclass(frozen=True)
class Value:
    """A variable as the form has it: what was typed, and what it is now."""

    name: str
    label: str
    text: str
    rows: int
    wrong: str = ""


def places(loaded: Loaded, movable: list[Movable]) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each token its name and the options: the value of the form, and what it says."""
    return [
        (name_of(one.node), [(f"{one.node.id}>{place.node.id}", _place(loaded, place)) for place in one.places])
        for one in movable
    ]


def _place(loaded: Loaded, place: Place) -> str:
    between = [loaded.nodes[node_id] for node_id in place.between]
    steps = [node for node in between if node.is_human or (node.operator and place.direction == "forward")]
    where = f"{DIRECTIONS[place.direction]}：{name_of(place.node)}"
    if not steps:
        return where
    names = _("、").join(name_of(node) for node in steps)
    again = _("重新办理：%(steps)s", steps=names) if place.direction == "back" else _("越过：%(steps)s", steps=names)
    return f"{where}（{again}）"


def values_of(
    values: Mapping[str, Any], labels: Mapping[str, str], typed: Mapping[str, str], wrong: Any
) -> list[Value]:
    """A field for each variable, with what was typed where something was."""
    found = []
    for name, value in values.items():
        text = typed.get(FIELD + name, shown(value))
        rows = min(8, max(1, text.count("\n") + 1, len(text) // 60 + 1))
        found.append(Value(name, labels.get(name, ""), text, rows, "；".join(map(str, wrong.get(name, ())))))
    return found


def shown(value: Any) -> str:
    """A value as it is typed: text as it is, the rest as JSON; nothing for nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def changes_of(values: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """What was typed differently, in the type that the variable has. Invalid per variable."""
    found, wrong = dict[str, Any](), dict[str, list[Any]]()
    for name, now in values.items():
        text = form.get(FIELD + name)
        if text is None or text.replace("\r\n", "\n") == shown(now):
            continue
        try:
            found[name] = _typed(text.replace("\r\n", "\n"), now)
        except (ValueError, RecursionError):
            wrong[name] = [_("不是这项数据的格式")]
    if wrong:
        raise Invalid(wrong)
    return found


def _typed(text: str, now: Any) -> Any:
    if not text.strip():
        return "" if isinstance(now, str) and now else None
    if isinstance(now, str):
        return text
    if now is None and text.strip()[0] not in '{["' and not text.strip().lstrip("-").replace(".", "", 1).isdecimal():
        return text
    return json.loads(text)


@blueprint.post("/instances/<instance_id>/token")
@requires(*access.CONSOLE)
def move_token(instance_id: str) -> Response:
    """移动令牌."""
    here, _sep, there = request.form.get("way", "").partition(">")
    try:
        queries.instance(web.db.session(), instance_id, web.current_user())
        _require_reason()
        acts.move_token(instance_id, here, there, request.form["reason"], _rev())
    except (Invalid, Conflict) as refused:
        return _again(instance_id, "move", refused)
    flash(_("令牌已移动"))
    return web.see_other(url_for("console.instance", instance_id=instance_id))


@blueprint.post("/instances/<instance_id>/data")
@requires(*access.OFFICE)
def edit_data(instance_id: str) -> Response:
    """改数据: first what would change, then, confirmed, the change."""
    try:
        found = queries.instance_for(web.db.session(), instance_id, web.current_user(), *access.OFFICE)
        now = web.engine().editable(web.db.session(), instance_id)
        changes = changes_of(now, request.form)
        if not changes:
            raise Invalid({"_": [_("没有改动")]})
        _require_reason()
        if request.form.get("act") != "save":
            before = [(name, shown(now[name]), shown(value)) for name, value in changes.items()]
            return _page(found, 200, compared=before)
        acts.edit_data(instance_id, changes, request.form["reason"], _rev())
    except (Invalid, Conflict) as refused:
        return _again(instance_id, "edit", refused)
    flash(_("数据已更改"))
    return web.see_other(url_for("console.instance", instance_id=instance_id) + "#data")


def _require_reason() -> None:
    if not request.form.get("reason", "").strip():
        raise Invalid({"reason": [_("请写明原因")]})


def _rev() -> int | None:
    text = request.form.get("rev", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _again(instance_id: str, verb: str, refused: DubanError) -> Response:
    """The page with that form open, everything that was typed still in it."""
    web.refresh()
    found = queries.instance(web.db.session(), instance_id, web.current_user())
    wrong = getattr(refused, "errors", None) or {}
    return _page(found, refused.status, errors={verb: acts.why(refused)}, wrong=wrong)


def _page(found: Instance, status: int, **more: Any) -> Response:
    from app.console.views.instances import page_of

    return web.render("console/instance.html", status, **page_of(found, given=request.form, **more))
