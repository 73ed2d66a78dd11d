"""Conditions of form files as people read them: “复查结论”等于“不通过”，且“罚款”大于 500."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.forms.conditions import ALIASES, WITHOUT_VALUE, text_of
from app.i18n import _, lazy_

WORDS: dict[str, Any] = {
    "==": lazy_("等于"),
    "!=": lazy_("不等于"),
    "<": lazy_("小于"),
    "<=": lazy_("不大于"),
    ">": lazy_("大于"),
    ">=": lazy_("不小于"),
    "in": lazy_("是其中之一"),
    "not_in": lazy_("不在其中"),
    "contains": lazy_("包含"),
    "filled": lazy_("已填写"),
    "empty": lazy_("未填写"),
}
Say = Callable[[str, Any], str]  # field, value → what the value is called


def in_words(condition: Any, labels: Mapping[str, str], say: Say | None = None) -> str:
    """The condition in the present language; names that `labels` does not have stand as they are."""
    if isinstance(condition, bool):
        return _("是") if condition else _("否")
    if not isinstance(condition, Mapping):
        return text_of(condition)
    for word, joint in (("all", _("，且")), ("any", _("，或"))):
        if word in condition and isinstance(condition[word], list):
            parts = [in_words(part, labels, say) for part in condition[word]]
            nested = [isinstance(part, Mapping) and bool({"all", "any"} & set(part)) for part in condition[word]]
            return joint.join(f"({part})" if inner else part for part, inner in zip(parts, nested, strict=True))
    if "not" in condition:
        return _("不满足（%(what)s）", what=in_words(condition["not"], labels, say))
    name = str(condition.get("field", ""))
    op = ALIASES.get(str(condition.get("op")), str(condition.get("op")))
    field = _("“%(name)s”", name=labels.get(name, name))
    word = str(WORDS.get(op, op))
    if op in WITHOUT_VALUE:
        return _("%(field)s%(word)s", field=field, word=word)
    value = condition.get("value")
    said = [(say(name, one) if say else "") or text_of(one) for one in (value if isinstance(value, list) else [value])]
    return _("%(field)s%(word)s“%(value)s”", field=field, word=word, value=_("、").join(said))
