"""Every problem of a form file at once, with its place, in both languages. Needs no database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.forms import conditions, tolerance
from app.forms.conditions import text_of
from app.forms.kinds import (
    COMMON,
    FIXABLE,
    KINDS,
    LONGEST_NAME,
    MAX_BYTES,
    MAX_FIELDS,
    MAX_FILES,
    MAX_OPTIONS,
    MAX_PATTERN,
    MAX_ROWS,
    ME,
    MOMENTS,
    NAME,
    PATTERNED,
    RESERVED,
    TEXT_LENGTH,
    WITH_OPTIONS,
)

Problem = tuple[str, str, str]  # path in the file, Chinese, English
_QUANTIFIED_GROUP = re.compile(r"\)[*+{]")
_UNBOUNDED = re.compile(r"(?<!\\)[*+]|\{\d*,\}")


def check(name: str, content: bytes) -> list[Problem]:
    """All problems of the form file `forms/<name>.json`; empty means it can be used."""
    if len(content) > MAX_BYTES:
        return [("", f"表单文件不得超过 {MAX_BYTES // 1024} KB", f"a form file has at most {MAX_BYTES // 1024} KB")]
    try:
        form = json.loads(content.decode("utf-8"))
    except RecursionError:
        return [("", "嵌套过深", "nested too deeply")]
    except ValueError as wrong:
        return [("", f"不是 JSON：{wrong}", f"not JSON: {wrong}")]
    return list(_form(form))


def _form(form: Any) -> Iterator[Problem]:
    if not isinstance(form, dict):
        yield "", "应为 {title, fields}", "{title, fields} is needed"
        return
    yield from _unknown(form, {"title", "fields"}, "")
    yield from _text(form.get("title"), "title", needed=True)
    yield from _fields(form.get("fields"), "fields")


def _fields(
    specs: Any,
    path: str,
    *,
    outer: frozenset[str] = frozenset(),
    after: frozenset[str] = frozenset(),
    inside: bool = False,
    rows_fixed: bool = False,
) -> Iterator[Problem]:
    """`outer`: names declared before a group, which conditions in it may read; `after`: those declared after it."""
    if not isinstance(specs, list) or not 1 <= len(specs) <= MAX_FIELDS:
        yield path, f"应为 1 至 {MAX_FIELDS} 个字段的列表", f"a list of 1 to {MAX_FIELDS} fields is needed"
        return
    declared = [spec["name"] for spec in specs if isinstance(spec, dict) and isinstance(spec.get("name"), str)]
    before: set[str] = set()
    for i, spec in enumerate(specs):
        here = f"{path}[{i}]"
        if not isinstance(spec, dict):
            yield here, "应为一个字段", "a field is needed"
            continue
        name = spec.get("name")
        yield from _field(spec, here, inside=inside)
        if spec.get("fixed") is True:
            yield from _fixed(spec, here, rows_fixed=rows_fixed)
        later = (frozenset(declared) | after) - before - outer
        yield from _conditions(spec, here, later)
        if isinstance(name, str) and name:
            if name in before:
                yield f"{here}.name", f"字段 {name} 重复", f"field {name} appears twice"
            before.add(name)
        if spec.get("kind") == "group":
            if inside:
                yield f"{here}.kind", "组内不得再有组", "a group holds no other group"
            else:
                yield from _fields(
                    spec.get("fields"),
                    f"{here}.fields",
                    outer=frozenset(before - {str(name)}),
                    after=later,
                    inside=True,
                    rows_fixed=spec.get("fixed") is True,
                )


def _conditions(spec: dict[str, Any], here: str, later: frozenset[str]) -> Iterator[Problem]:
    for word in ("visible_if", "required"):
        if word not in spec:
            continue
        wrong = list(conditions.problems(spec[word], f"{here}.{word}"))
        yield from wrong
        if not wrong:
            for name in sorted(set(conditions.names(spec[word])) & later):
                yield (
                    f"{here}.{word}",
                    f"条件只能用排在前面的字段，{name} 不在前面",
                    f"a condition reads only fields before it; {name} is not",
                )


def _field(spec: dict[str, Any], here: str, *, inside: bool) -> Iterator[Problem]:
    kind = spec.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        yield (
            f"{here}.kind",
            f"没有 {kind} 这种字段，可用：{' '.join(KINDS)}",
            f"no field kind {kind}; use {' '.join(KINDS)}",
        )
        return
    yield from _unknown(spec, COMMON | KINDS[kind].keys, here)
    yield from _name(spec.get("name"), f"{here}.name", needed=KINDS[kind].answers)
    if kind == "note":
        yield from _text(spec.get("text"), f"{here}.text", needed=True)
    yield from _text(spec.get("label"), f"{here}.label", needed=kind != "note")
    yield from _text(spec.get("help"), f"{here}.help")
    yield from _text(spec.get("unit"), f"{here}.unit")
    yield from _bounds(spec, kind, here)
    yield from _default(spec, kind, here)
    if kind in WITH_OPTIONS:
        yield from _options(spec, here)
    yield from _extras(spec, here)


def _extras(spec: dict[str, Any], here: str) -> Iterator[Problem]:
    """Switches, narrowed pickers and phrases."""
    for word in ("wide", "repeat", "fixed"):
        if not isinstance(spec.get(word, False), bool):
            yield f"{here}.{word}", "应为 true 或 false", "true or false is needed"
    for word in ("role", "org_kind", "picker", "builder"):
        if word in spec and not (isinstance(spec[word], str) and spec[word]):
            yield f"{here}.{word}", "应为文字", "a text is needed"
    if "org" in spec and not isinstance(spec["org"], str):
        yield from _from(spec["org"], f"{here}.org")
    phrases = spec.get("phrases", [])
    if not isinstance(phrases, list) or len(phrases) > 30:
        yield f"{here}.phrases", "应为不超过 30 条的列表", "a list of at most 30 is needed"
    else:
        for i, phrase in enumerate(phrases):
            if not (isinstance(phrase, str) and 0 < len(phrase) <= 500):  # plain: it becomes part of the answer
                yield from _text(phrase, f"{here}.phrases[{i}]", needed=True)


def _fixed(spec: dict[str, Any], here: str, *, rows_fixed: bool) -> Iterator[Problem]:
    """What is shown and not asked must come from somewhere."""
    kind, default = spec.get("kind"), spec.get("default")
    if kind == "group":
        if spec.get("repeat") is not True or not isinstance(default, Mapping):
            yield (
                f"{here}.fixed",
                "fixed 的组应重复（repeat），默认值应取自变量",
                "a fixed group repeats and has its default from a variable",
            )
    elif kind not in FIXABLE:
        yield f"{here}.fixed", f"{kind} 不能 fixed", f"{kind} cannot be fixed"
    elif default is None and not rows_fixed:
        yield f"{here}.fixed", "fixed 的字段应有默认值", "a fixed field needs a default"


def _name(name: Any, here: str, *, needed: bool) -> Iterator[Problem]:
    if name is None and not needed:
        return
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        yield (
            here,
            f"字段名 {name} 应为小写字母、数字和单个下划线，字母开头，不超过 {LONGEST_NAME} 个字符",
            f"field name {name}: small letters, digits and single underscores, a letter first, at most {LONGEST_NAME}",
        )
    elif name in RESERVED:
        yield here, f"字段名 {name} 是保留字", f"field name {name} is reserved"


def _text(value: Any, here: str, *, needed: bool = False) -> Iterator[Problem]:
    """A text, or one in both languages."""
    if value is None or value == "":
        if needed:
            yield here, "写明文字（zh、en）", "give the text (zh, en)"
    elif isinstance(value, Mapping):
        if set(value) != {"zh", "en"} or not all(isinstance(text, str) and text.strip() for text in value.values()):
            yield here, "应有中文（zh）和英文（en）", "zh and en are both needed"
        elif any(len(text) > 2000 for text in value.values()):
            yield here, "文字不得超过 2000 字", "at most 2000 characters"
    elif not isinstance(value, str) or len(value) > 2000:
        yield here, "应为文字或 {zh, en}", "a text or {zh, en} is needed"
    else:
        yield here, "应有中文（zh）和英文（en）", "zh and en are both needed"


def _bounds(spec: dict[str, Any], kind: str, here: str) -> Iterator[Problem]:
    most = {
        "min_length": TEXT_LENGTH.get(kind, (0, 0))[1],
        "max_length": TEXT_LENGTH.get(kind, (0, 0))[1],
        "decimals": 6,
        "min_items": MAX_ROWS if kind == "group" else MAX_OPTIONS if kind == "checklist" else MAX_FILES,
        "max_items": MAX_ROWS if kind == "group" else MAX_OPTIONS if kind == "checklist" else MAX_FILES,
    }
    for word, limit in most.items():
        value = spec.get(word)
        if value is not None and word in KINDS[kind].keys and not (_whole(value) and 0 <= value <= limit):
            yield f"{here}.{word}", f"应为 0 至 {limit} 的整数", f"a whole number from 0 to {limit} is needed"
    for low, high in (("min_length", "max_length"), ("min_items", "max_items"), ("min", "max")):
        a, b = spec.get(low), spec.get(high)
        days = isinstance(a, str) and isinstance(b, str) and a[:1].isdigit() and b[:1].isdigit()
        comparable = (_number(a) and _number(b)) or days
        if comparable and a > b:  # type: ignore[operator]
            yield f"{here}.{low}", f"{low} 大于 {high}", f"{low} is greater than {high}"
    for word in ("min", "max"):
        if word in spec and word in KINDS[kind].keys:
            yield from _limit(spec[word], kind, f"{here}.{word}")
    if "pattern" in spec and kind == "text":
        yield from _pattern(spec, here)


def _limit(value: Any, kind: str, here: str) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        yield from _from(value, here)
    elif kind in MOMENTS:
        if value not in ("today", "now") and not _is_moment(value, kind):
            yield here, "应为日期、today、now 或 {from: 变量}", "a date, today, now or {from: variable} is needed"
    elif not _number(value) or (kind == "money" and not _whole(value)):
        yield here, "应为数字或 {from: 变量}", "a number or {from: variable} is needed"


def _pattern(spec: dict[str, Any], here: str) -> Iterator[Problem]:
    pattern = spec["pattern"]
    try:
        if not isinstance(pattern, str) or not 0 < len(pattern) <= MAX_PATTERN:
            raise ValueError(f"1–{MAX_PATTERN}")
        re.compile(pattern)
    except (re.error, ValueError, RecursionError, OverflowError) as wrong:
        yield f"{here}.pattern", f"不是有效的正则表达式：{wrong}", f"not a regular expression: {wrong}"
        return
    # A repeated group, or many open repetitions, can take for ever on a text made for it.
    if _QUANTIFIED_GROUP.search(pattern) or len(_UNBOUNDED.findall(pattern)) > 3:
        yield (
            f"{here}.pattern",
            "正则表达式里不得重复括号，* 和 + 合计不超过 3 个",
            "no repeated group, and at most three * and + together",
        )
    longest = spec.get("max_length", TEXT_LENGTH["text"][0])
    if _whole(longest) and longest > PATTERNED:
        yield f"{here}.max_length", f"有 pattern 时不得超过 {PATTERNED}", f"at most {PATTERNED} with a pattern"


def _default(spec: dict[str, Any], kind: str, here: str) -> Iterator[Problem]:
    if "default" not in spec:
        return
    value, path = spec["default"], f"{here}.default"
    if isinstance(value, Mapping):
        if kind != "group" or spec.get("repeat"):
            yield from _from(value, path)
            yield from _me(value, kind, path)
        return
    if kind == "group" and isinstance(value, list):
        yield from _default_rows(spec, value, path)
    good = {
        "text": isinstance(value, str),
        "textarea": isinstance(value, str),
        "number": _number(value),
        "money": _whole(value),
        "date": value == "today" or _is_moment(value, "date"),
        "datetime": value in ("today", "now") or _is_moment(value, "datetime"),
        "checkbox": isinstance(value, bool),
        "checklist": isinstance(value, list),
        "group": isinstance(value, list) and all(isinstance(row, dict) for row in value),
        "user": isinstance(value, str),
        "organisation": isinstance(value, str),
        "subject": isinstance(value, str),
    }.get(kind, kind in WITH_OPTIONS)
    if not good:
        yield path, "默认值与字段类型不符", "the default does not fit the kind"
    elif kind in WITH_OPTIONS and isinstance(spec.get("options"), list) and not spec.get("source"):
        keys = {text_of(o.get("value")) for o in spec["options"] if isinstance(o, Mapping)}
        for item in value if isinstance(value, list) else [value]:
            if text_of(item) not in keys:
                yield path, f"默认值 {item} 不在选项里", f"the default {item} is no option"


def _default_rows(spec: dict[str, Any], rows: list[Any], path: str) -> Iterator[Problem]:
    fields = spec.get("fields")
    listed = [inner for inner in fields if isinstance(inner, dict)] if isinstance(fields, list) else []
    kinds = {str(inner.get("name")): inner.get("kind") for inner in listed}
    for i, row in enumerate(rows):
        for name, value in row.items() if isinstance(row, dict) else ():
            here = f"{path}[{i}].{name}"
            if name not in kinds:
                yield here, f"组内没有字段 {name}", f"the group has no field {name}"
            if isinstance(value, Mapping):
                yield from _from(value, here)
                yield from _me(value, kinds.get(name), here)


def _me(value: Mapping[str, Any], kind: Any, here: str) -> Iterator[Problem]:
    if value.get("from") == ME and kind not in ("user", "text"):
        yield here, f"只有 user、text 字段可以取自 {ME}", f"only user and text fields take their default from {ME}"


def _options(spec: dict[str, Any], here: str) -> Iterator[Problem]:
    options, source = spec.get("options"), spec.get("source")
    if source is not None and not (isinstance(source, str) and source):
        yield f"{here}.source", "应为一个列表变量的名称", "the name of a list variable is needed"
    if options is None and source is None:
        yield f"{here}.options", "写明选项（options）或来源（source）", "give options or a source"
    if options is None:
        return
    if not isinstance(options, list) or not 1 <= len(options) <= MAX_OPTIONS:
        yield (
            f"{here}.options",
            f"应为 1 至 {MAX_OPTIONS} 个选项的列表",
            f"a list of 1 to {MAX_OPTIONS} options is needed",
        )
        return
    seen: set[str] = set()
    for i, option in enumerate(options):
        path = f"{here}.options[{i}]"
        if not isinstance(option, dict):
            yield path, "应为 {value, label}", "{value, label} is needed"
            continue
        yield from _unknown(option, {"value", "label", "tone"}, path)
        yield from _text(option.get("label"), f"{path}.label", needed=True)
        if option.get("tone", "green") not in ("green", "red"):
            yield f"{path}.tone", "只有 green 和 red", "only green and red"
        value = option.get("value")
        if not isinstance(value, (str, int, float, bool)) or value == "":
            yield f"{path}.value", "应为文字、数字或 true、false", "a text, a number, true or false is needed"
        elif text_of(value) in seen:
            yield f"{path}.value", f"选项 {value} 重复", f"option {value} appears twice"
        else:
            seen.add(text_of(value))


def _unknown(value: dict[str, Any], known: set[str] | frozenset[str], here: str) -> Iterator[Problem]:
    """Keys that mean nothing here, and keys with nothing in them."""
    for word in sorted(value):
        path = f"{here}.{word}" if here else word
        if word not in known:
            listed = " ".join(sorted(known))
            yield path, f"这里没有 {word} 这一项，可用：{listed}", f"no {word} here; use {listed}"
        elif value[word] is None:
            yield path, "不得为 null，不需要就删去", "null is not allowed; leave it out"


def _from(value: Any, here: str) -> Iterator[Problem]:
    if (
        not isinstance(value, Mapping)
        or set(value) != {"from"}
        or not isinstance(value["from"], str)
        or not value["from"]
    ):
        yield here, "应为值或 {from: 变量}", "a value or {from: variable} is needed"


def _is_moment(value: Any, kind: str) -> bool:
    try:
        (tolerance.date if kind == "date" else tolerance.moment)(value)
    except (ValueError, TypeError):
        return False
    return True


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
