"""The settings of one field, as a form of the same making: drawn, read and shown again like every other form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.accounts.roles import NAMES, role_name
from app.designer.comparing.vocabulary import FIELD_KINDS
from app.designer.forms import building
from app.forms.conditions import text_of
from app.forms.kinds import FIXABLE, KINDS, MOMENTS, WITH_OPTIONS
from app.i18n import lazy_

Spec = Mapping[str, Any]
P = "S_"  # no field of a form is called so: the page shows the form itself as well
_WHOLE = ("min_length", "max_length", "decimals", "min_items", "max_items")
_TEXTS = ("label", "help", "unit", "text")
_WORDS: dict[str, Any] = {
    "min_length": lazy_("最少字数"),
    "max_length": lazy_("最多字数"),
    "decimals": lazy_("小数位数"),
    "min_items": lazy_("最少项数"),
    "max_items": lazy_("最多项数"),
    "pattern": lazy_("格式（正则表达式）"),
    "source": lazy_("选项来自列表变量"),
    "picker": lazy_("选择范围"),
    "org_kind": lazy_("单位类型"),
}
_BOUND = lazy_("值；取自变量写 =变量名；日期可写 today、now")


def definition(spec: Spec, earlier: Sequence[Spec], *, inside: bool) -> dict[str, Any]:
    """The form for this field's settings. `earlier` are the fields that its conditions may read."""
    kind = spec.get("kind") if spec.get("kind") in KINDS else "text"
    kinds = [name for name in KINDS if not (inside and name == "group")]
    keys = KINDS[str(kind)].keys
    found: list[Spec] = [
        _field("kind", "select", lazy_("字段类型"), required=True, options=[_option(k, FIELD_KINDS[k]) for k in kinds]),
    ]
    asked = KINDS[str(kind)].answers
    found.append(_field("name", "text", lazy_("字段名（变量）"), required=asked, help=lazy_("小写字母、数字和“_”")))
    if kind == "note":
        found += _both("text", lazy_("内容"), "textarea", required=True)
    found += _both("label", lazy_("名称"), "text", required=kind != "note")
    found += _both("help", lazy_("填写提示"), "text")
    if "unit" in keys:
        found += _both("unit", lazy_("单位"), "text")
    found += _own(str(kind), keys)
    if KINDS[str(kind)].answers:
        found += _default(str(kind), keys)
        found += building.fields_for(
            f"{P}required", lazy_("必填"), earlier, spec.get("required", False), plain=(building.NEVER, building.ALWAYS)
        )
    found += building.fields_for(
        f"{P}visible_if", lazy_("显示"), earlier, spec.get("visible_if", True), plain=(building.ALWAYS,)
    )
    wide = [_option("", lazy_("按类型")), _option("true", lazy_("是")), _option("false", lazy_("否"))]
    found.append(_field("wide", "select", lazy_("占整行"), options=wide[1:]))
    if kind in FIXABLE or kind == "group":
        found.append(_field("fixed", "checkbox", lazy_("只读：显示默认值，不让填写")))
    return {"title": lazy_("字段设置"), "fields": found}


def _own(kind: str, keys: frozenset[str]) -> list[Spec]:
    found: list[Spec] = []
    if "options" in keys:
        tones = [_option("green", lazy_("绿色")), _option("red", lazy_("红色"))]
        inner = [
            {"name": "value", "kind": "text", "label": lazy_("值"), "required": True},
            {"name": "zh", "kind": "text", "label": lazy_("中文"), "required": True},
            {"name": "en", "kind": "text", "label": lazy_("英文"), "required": True},
            {"name": "tone", "kind": "select", "label": lazy_("颜色"), "options": tones},
        ]
        found.append(_field("options", "group", lazy_("选项"), repeat=True, max_items=50, fields=inner))
    for word in (*_WHOLE, "pattern", "source", "picker", "org_kind"):
        if word in keys:
            found.append(
                _field(
                    word,
                    "number" if word in _WHOLE else "text",
                    _WORDS[word],
                    **({"decimals": 0} if word in _WHOLE else {}),
                )
            )
    for word, label in (("min", lazy_("最小值")), ("max", lazy_("最大值"))):
        if word in keys:
            moment = {"min": lazy_("最早"), "max": lazy_("最晚")}[word]
            found.append(_field(word, "text", moment if kind in MOMENTS else label, help=_BOUND))
    if "role" in keys:
        found.append(
            _field("role", "select", lazy_("岗位"), options=[_option(role, role_name(role)) for role in NAMES])
        )
        found.append(_field("org", "text", lazy_("单位"), help=lazy_("单位编号；取自变量写 =变量名")))
    if "phrases" in keys:
        found.append(_field("phrases", "textarea", lazy_("常用语"), help=lazy_("每行一条；中英文用“ | ”分开")))
    if "repeat" in keys:
        found.append(_field("repeat", "checkbox", lazy_("可重复：每组一行，可增删")))
    return found


def _default(kind: str, keys: frozenset[str]) -> list[Spec]:
    if kind in ("photos", "files"):
        return []
    hint = {
        "checkbox": lazy_("true 或 false"),
        "checklist": lazy_("多个值用“、”分开；取自变量写 =变量名"),
        "user": lazy_("人员编号；=me 是填写人；取自变量写 =变量名"),
        "group": lazy_("取自变量写 =变量名；或 JSON 列表"),
    }.get(kind, _BOUND)
    return [_field("default", "textarea" if kind == "group" else "text", lazy_("默认值"), help=hint)]


def values_of(spec: Spec, earlier: Sequence[Spec]) -> dict[str, Any]:
    """The field as answers of its settings form."""
    found: dict[str, Any] = {}
    for word in ("name", "kind", *_WHOLE, "pattern", "source", "picker", "org_kind", "role"):
        if word in spec:
            found[f"{P}{word}"] = spec[word]
    for word in _TEXTS:
        texts = spec.get(word)
        for language in ("zh", "en"):
            found[f"{P}{word}_{language}"] = texts.get(language, "") if isinstance(texts, Mapping) else texts or ""
    if isinstance(spec.get("options"), list):
        found[f"{P}options"] = [_option_values(option) for option in spec["options"] if isinstance(option, Mapping)]
    for word in ("min", "max", "org", "default"):
        if word in spec:
            found[f"{P}{word}"] = _as_text(spec[word])
    found[f"{P}phrases"] = "\n".join(_phrase(one) for one in spec.get("phrases") or ())
    found[f"{P}wide"] = text_of(spec["wide"]) if "wide" in spec else ""
    for word in ("fixed", "repeat"):
        found[f"{P}{word}"] = bool(spec.get(word))
    found |= building.values_of(f"{P}required", spec.get("required"), earlier, otherwise=building.NEVER)
    return found | building.values_of(f"{P}visible_if", spec.get("visible_if"), earlier, otherwise=building.ALWAYS)


def spec_of(values: Mapping[str, Any], old: Spec, earlier: Sequence[Spec]) -> tuple[dict[str, Any], dict[str, str]]:
    """The field as the answers describe it, and what could not be understood, by the settings' names.

    What the settings do not offer stays as it was, as far as the kind takes it.
    """
    sent = values.get(f"{P}kind")
    kind = str(sent if sent in KINDS else old.get("kind", "text"))
    keys, answers = KINDS[kind].keys, KINDS[kind].answers
    spec: dict[str, Any] = {}
    if values.get(f"{P}name"):
        spec["name"] = str(values[f"{P}name"]).strip()
    spec["kind"] = kind
    for word in _TEXTS:
        texts = {language: str(values.get(f"{P}{word}_{language}") or "").strip() for language in ("zh", "en")}
        if any(texts.values()) and (word in ("label", "help") or word in keys):
            spec[word] = texts
    _options_into(spec, values, old, kind)
    _values_into(spec, values, keys)
    if "builder" in keys and "builder" in old:
        spec["builder"] = old["builder"]
    wrong = _conditions_into(spec, values, old, earlier, answers=answers)
    if kind == "group":
        spec["fields"] = old.get("fields") or [{"name": "text", "kind": "text", "label": {"zh": "内容", "en": "Text"}}]
    return spec, wrong


def _values_into(spec: dict[str, Any], values: Mapping[str, Any], keys: frozenset[str]) -> None:
    """Numbers, bounds, defaults, phrases and switches."""
    kind = spec["kind"]
    for word in (*_WHOLE, "pattern", "source", "picker", "org_kind", "role"):
        if word in keys and (given := values.get(f"{P}{word}")) not in (None, ""):
            spec[word] = _whole(str(given)) if word in _WHOLE else str(given).strip()
    for word in ("min", "max", "org", "default"):
        if (word in keys or word == "default") and (given := str(values.get(f"{P}{word}") or "").strip()):
            spec[word] = _from_text(given, kind if word != "org" else "text", spec)
    phrases = [one.strip() for one in str(values.get(f"{P}phrases") or "").splitlines() if one.strip()]
    if phrases and "phrases" in keys:
        spec["phrases"] = [_phrase_of(one) for one in phrases]
    for word in ("fixed", "repeat"):
        if values.get(f"{P}{word}") in (True, "true", "on") and (word in keys or word == "fixed"):
            spec[word] = True
    if values.get(f"{P}wide") in ("true", "false"):
        spec["wide"] = values[f"{P}wide"] == "true"


def _conditions_into(
    spec: dict[str, Any], values: Mapping[str, Any], old: Spec, earlier: Sequence[Spec], *, answers: bool
) -> dict[str, str]:
    """When it is asked for and when it shows; what cannot be read stays as it was, and is said."""
    wrong: dict[str, str] = {}
    for word, otherwise in (("required", False), ("visible_if", True)):
        if word == "required" and not answers:
            continue
        try:
            condition = building.condition_of(f"{P}{word}", values, earlier)
        except ValueError as error:
            wrong[f"{P}{word}_json"] = str(error)
            condition = old.get(word, otherwise)
        if condition != otherwise:
            spec[word] = condition
    return wrong


def _options_into(spec: dict[str, Any], values: Mapping[str, Any], old: Spec, kind: str) -> None:
    if kind not in WITH_OPTIONS:
        return
    before = {
        text_of(o["value"]): o["value"] for o in old.get("options") or () if isinstance(o, Mapping) and "value" in o
    }
    rows = values.get(f"{P}options")
    found = []
    for row in rows if isinstance(rows, list) else ():
        if not any(row.values()):
            continue
        value = str(row.get("value") or "").strip()
        option: dict[str, Any] = {
            "value": before.get(value, value),
            "label": {w: str(row.get(w) or "").strip() for w in ("zh", "en")},
        }
        if row.get("tone"):
            option["tone"] = row["tone"]
        found.append(option)
    if found:
        spec["options"] = found


def _as_text(value: Any) -> str:
    if isinstance(value, Mapping) and set(value) == {"from"}:
        return f"={value['from']}"
    if isinstance(value, list) and not any(isinstance(one, (Mapping, list)) for one in value):
        return "、".join(text_of(one) for one in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, Mapping)) else text_of(value)


def _from_text(text: str, kind: str, spec: Spec) -> Any:
    """What somebody wrote, in the type that the kind of field has."""
    if text.startswith("=") and len(text) > 1:
        return {"from": text[1:].strip()}
    if kind in ("number", "money"):
        return _whole(text) if "." not in text else _float(text)
    if kind == "checkbox":
        return {"true": True, "false": False}.get(text, text)
    if kind == "group":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    typed = {text_of(o["value"]): o["value"] for o in spec.get("options") or ()}
    if kind == "checklist":
        return [typed.get(one.strip(), one.strip()) for one in text.replace(",", "、").split("、") if one.strip()]
    return typed.get(text, text)


def _whole(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


def _float(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _option_values(option: Spec) -> dict[str, Any]:
    label = option.get("label")
    texts = label if isinstance(label, Mapping) else {"zh": label or "", "en": label or ""}
    return {
        "value": text_of(option.get("value")),
        "zh": texts.get("zh", ""),
        "en": texts.get("en", ""),
        "tone": option.get("tone", ""),
    }


def _phrase(phrase: Any) -> str:
    return f"{phrase.get('zh', '')} | {phrase.get('en', '')}" if isinstance(phrase, Mapping) else str(phrase)


def _phrase_of(text: str) -> Any:
    zh, bar, en = text.partition(" | ")
    return {"zh": zh.strip(), "en": en.strip()} if bar else text


def _both(word: str, label: Any, kind: str, *, required: bool = False) -> list[Spec]:
    english = lazy_("%(what)s（英文）", what=label)
    return [
        _field(f"{word}_zh", kind, label, required=required),
        _field(f"{word}_en", kind, english, required=required),
    ]


def _field(name: str, kind: str, label: Any, **more: Any) -> dict[str, Any]:
    return {"name": f"{P}{name}", "kind": kind, "label": label, **more}


def _option(value: str, label: Any) -> dict[str, Any]:
    return {"value": value, "label": label}
