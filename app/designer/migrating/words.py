"""What states and reasons are called, in the words of the office."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.accounts import role_name
from app.engine import Loaded, Reason, text_of
from app.i18n import _, bilingual, lazy_

# state of the light, word
ITEMS: dict[str, tuple[str, Any]] = {
    "waiting": ("none", lazy_("待迁移")),
    "done": ("done", lazy_("已迁移")),
    "failed": ("red", lazy_("未迁移")),
    "undone": ("late", lazy_("已撤回")),
    "cancelled": ("pause", lazy_("已停止")),
}
MIGRATIONS: dict[str, tuple[str, Any]] = {
    "running": ("blue", lazy_("进行中")),
    "done": ("done", lazy_("已完成")),
    "cancelled": ("pause", lazy_("已停止")),
}
FOUND: dict[str, Any] = {
    "same": lazy_("编号相同"),
    "name": lazy_("名称相同"),
    "neighbours": lazy_("位置相近"),
    "given": lazy_("手工指定"),
    "none": lazy_("没有对应节点"),
}
INSTANCES: dict[str, tuple[str, Any]] = {
    "running": ("blue", lazy_("办理中")),
    "suspended": ("pause", lazy_("已中止")),
}
_ROLES = ("role_changed",)
_CLASS = re.compile(r"\w+")


def node_name(loaded: Loaded, node_id: str | None) -> str:
    """As it is drawn; its id where it has no name."""
    node = loaded.nodes.get(node_id or "")
    return (bilingual(node.name, node.name_en) if node else "") or node_id or ""


def told(reason: Reason | Mapping[str, Any] | None, *versions: Loaded) -> str:
    """A reason as a sentence; roles and nodes by their names.

    Of a fault its class alone: what follows it may quote what people wrote, which administrators do not see.
    """
    if reason is None:
        return ""
    stored = reason.as_json() if isinstance(reason, Reason) else dict(reason)
    data = dict(stored.get("data") or {})
    if stored.get("code") in _ROLES:
        data = {name: str(role_name(role)) if role != "—" else role for name, role in data.items()}
    if "detail" in data:
        data["detail"] = found[0] if (found := _CLASS.match(str(data["detail"]))) else ""
    if "element" in data:
        data["element"] = _named(data["element"], versions)
    return str(text_of(stored | {"data": data}))


def _named(element: str, versions: tuple[Loaded, ...]) -> str:
    return next((node_name(one, element) for one in versions if element in one.nodes), element)


def steps_told(loaded: Loaded, steps: Any) -> str:
    """The nodes that ran at once."""
    return _("、").join(node_name(loaded, step) for step in steps or ())
