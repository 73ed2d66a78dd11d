"""Fixes of the words on a step: names, roles, lanes, deadlines, messages, verbs."""

from __future__ import annotations

import re
import unicodedata

from lxml import etree

from app.accounts import role_name
from app.calendars.words import clock_span, days_text
from app.designer.drafts import editing
from app.designer.drafts.editing import B
from app.designer.drafts.fixing.bench import Bench, Fix, element_of, nearest
from app.engine import DeadlineTextError, Node, Problem, parse_deadline
from app.i18n import _

MANIFEST = editing.MANIFEST


def name_en(problem: Problem, bench: Bench) -> Fix | None:
    """The Chinese name stands in until somebody translates it."""
    node = bench.node(problem)
    if node is None or not node.name:
        return None
    return _word(problem, bench, _("暂用中文名称作英文名称"), "name_en", node.name)


def statutory(problem: Problem, bench: Bench) -> Fix | None:
    return _word(problem, bench, _("恢复法定标记"), "statutory", "true") if bench.node(problem) else None


def correlation(problem: Problem, bench: Bench) -> Fix | None:
    """What the instance is known by, which is what messages from outside name."""
    given = bench.package.manifest.get("business_key")
    text = given if isinstance(given, str) and given.strip() else "instance_id"
    if bench.node(problem) is None:
        return None
    return _word(problem, bench, _("按 %(text)s 关联", text=text), "correlation", text)


def role_missing(problem: Problem, bench: Bench) -> Fix | None:
    """Who did the step before, else who starts the process."""
    node = bench.node(problem)
    role = _role_before(bench, node) if node else None
    if node is None or role is None:
        return None
    return _word(problem, bench, _("由%(role)s办理", role=role_name(role)), "role", role)


def _role_before(bench: Bench, node: Node) -> str | None:
    seen, left = {node.id}, [node]
    while left:
        here = left.pop(0)
        for flow in here.in_flows:
            before = bench.diagram.nodes.get(bench.diagram.flows[flow].source)
            if before is None or before.id in seen:
                continue
            seen.add(before.id)
            lane = bench.engine.lanes.get(before.lane or "")
            role = before.properties.get("role") or (lane.role if lane else None)
            if before.is_human and role in bench.roles:
                return role
            left.append(before)
    starters = bench.package.manifest.get("starters")
    listed = starters if isinstance(starters, list) else []
    return next((role for role in [*listed, "coordinator"] if role in bench.roles), None)


def role_unknown(problem: Problem, bench: Bench) -> Fix | None:
    near = nearest(problem.about or "", bench.roles, 0.5)
    if near is None:
        return None
    label = _("改为%(role)s", role=f"{role_name(near)}（{near}）")
    if problem.file == MANIFEST:
        starters = [near if role == problem.about else role for role in bench.package.manifest["starters"]]
        return bench.in_manifest(problem, label, "starters", list(dict.fromkeys(starters)))
    node = bench.node(problem)
    if node is None or node.properties.get("role") != problem.about:
        return None
    return _word(problem, bench, label, "role", near)


def lane_unknown(problem: Problem, bench: Bench) -> Fix | None:
    """The lane whose name is nearest, in the same language."""
    lane = bench.diagram.lanes.get(problem.element_id or "")
    if lane is None:
        return None
    latin = lane.name.isascii() and bool(lane.name)
    near = nearest(lane.name, [name for name in bench.engine.lanes if name.isascii() is latin], 0.3)
    if near is None:
        return None
    return bench.in_diagram(
        problem, _("改名为“%(name)s”", name=near), lambda root: element_of(root, problem).set("name", near)
    )


# -- times

_SPELLINGS = (
    (r"(\d+)\s*个?\s*工作日(?:以?内)?", "work_days({})"),
    (r"(\d+)\s*(?:work(?:ing)?|business|office)[ _-]?days?", "work_days({})"),
    (r"work_days\s*[:=]?\s*(\d+)", "work_days({})"),
    (r"(\d+)\s*(?:个?自然日|天|日|d|days?|calendar days?)(?:以?内)?", "P{}D"),
    (r"(\d+)\s*(?:个?(?:星期|礼拜)|周|w|weeks?)(?:以?内)?", "P{}W"),
    (r"(\d+)\s*(?:个月|months?)(?:以?内)?", "P{}M"),
    (r"(\d+)\s*(?:个?(?:小时|钟头)|h|hours?)(?:以?内)?", "PT{}H"),
    (r"(\d+)\s*(?:分钟|min|minutes?)(?:以?内)?", "PT{}M"),
    (r"pt?(\d+)d", "P{}D"),
    (r"(?:p|t|pt)(\d+)h?", "PT{}H"),
)


def meant(text: str, rules: frozenset[str]) -> str | None:
    """A deadline as it has to be written, for one that people write: 5个工作日, 三天, 24h, PT3D, office3d."""
    text = _in_digits(text)
    wanted = [shape.format(found[1]) for pattern, shape in _SPELLINGS if (found := _whole(pattern, text))]
    wanted += [near] if (near := nearest(text.strip(), rules)) else []
    for one in wanted:
        try:
            parse_deadline(one, rules)
        except DeadlineTextError:
            continue
        return one
    return None


_DIGITS = "零一二三四五六七八九"
_NUMBER = re.compile("[零一二两三四五六七八九]?百?[零一二两三四五六七八九]?十?[零一二两三四五六七八九]?")
_ENGLISH = ("a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _in_digits(text: str) -> str:
    """`十五日内` → `15日内`, `three days` → `3 days`; full-width characters become plain ones. Else as it stands."""
    text = unicodedata.normalize("NFKC", text).strip()
    first, _blank, rest = text.partition(" ")
    if rest and first.lower() in (*_ENGLISH, "one", "an"):
        number = _ENGLISH.index(first.lower()) + 1 if first.lower() in _ENGLISH else 1
        return f"{number} {rest}"
    found = _NUMBER.match(text)
    if found is None or not found[0]:
        return text
    number = digit = 0
    for sign in found[0].replace("两", "二"):
        if sign in _DIGITS:
            digit = _DIGITS.index(sign)
        else:
            number, digit = number + (digit or 1) * (100 if sign == "百" else 10), 0
    return f"{number + digit}{text[found.end() :]}"


def said(deadline: str) -> str:
    """A deadline as a person says it; the code of a rule and all else as it is written."""
    try:
        read = parse_deadline(deadline)
    except DeadlineTextError:
        return deadline
    if read.kind == "work_days" and read.count:
        return _("1 个工作日") if read.count == 1 else _("%(n)s 个工作日", n=read.count)
    if read.duration is None:
        return deadline
    if read.duration.months:
        return _("%(n)s 个月", n=read.duration.months)
    return days_text(read.duration.days) if read.duration.days else clock_span(read.duration.seconds)


def _whole(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text.strip(), re.IGNORECASE)


def deadline(problem: Problem, bench: Bench) -> Fix | None:
    better = meant(problem.about or "", bench.rules)
    if better is None or bench.node(problem) is None:
        return None
    return _word(problem, bench, _("改为 %(text)s", text=said(better)), "deadline", better)


def timer(problem: Problem, bench: Bench) -> Fix | None:
    better = meant(problem.about or "", bench.rules)
    node = bench.node(problem)
    if better is None or node is None or node.event is None or node.event.form is None:
        return None
    tag = f"{B}{node.event.form}"

    def change(root: etree._Element) -> None:
        time = next(element_of(root, problem).iter(tag))
        time.text = better

    return bench.in_diagram(problem, _("改为 %(text)s", text=said(better)), change)


def process_unknown(problem: Problem, bench: Bench) -> Fix | None:
    """A ladder or a request for more time that starts a process by a wrong name."""
    node, wrong = bench.node(problem), problem.about or ""
    near = nearest(wrong, bench.known)
    if node is None or near is None or not wrong:
        return None
    word = "extension_process" if problem.code == "extension_process" else "ladder"
    value = re.sub(rf"(?<![\w]){re.escape(wrong)}(?![\w])", near, node.properties.get(word, ""))
    return _word(problem, bench, _("改为 %(text)s", text=near), word, value)


# -- words and verbs by a wrong name


def property_unknown(problem: Problem, bench: Bench) -> Fix | None:
    """Take the word away: what nobody knows does nothing."""
    wrong = problem.about or ""
    if bench.node(problem) is None or not wrong:
        return None
    return bench.in_diagram(
        problem,
        _("删除属性 %(name)s", name=wrong),
        lambda root: editing.drop_property(element_of(root, problem), wrong),
    )


def foreign(problem: Problem, bench: Bench) -> Fix | None:
    """What another tool wrote for its own engine goes when somebody says so; by itself nothing is dropped."""
    what = problem.about or ""
    known = (bench.diagram.nodes, bench.diagram.flows, bench.diagram.lanes, bench.diagram.processes)
    if not what or not any(problem.element_id in kind for kind in known):
        return None

    def change(root: etree._Element) -> None:
        element = element_of(root, problem)
        if what.startswith("@"):
            element.attrib.pop(what[1:], None)
        for holder in (element, *element.iterfind(f"{B}extensionElements")):
            for one in [child for child in holder if child.tag == what]:
                editing.remove(one)

    return bench.in_diagram(problem, _("删除其他系统的扩展 %(name)s", name=what.rpartition("}")[2]), change)


def verb_unknown(problem: Problem, bench: Bench) -> Fix | None:
    node = bench.node(problem)
    if node is None or not problem.about:
        return None
    rest = [verb.strip() for verb in node.properties.get("allow", "").split(",")]
    kept = ", ".join(verb for verb in rest if verb and verb != problem.about)
    return _word(problem, bench, _("去掉操作 %(verb)s", verb=problem.about), "allow", kept)


def _word(problem: Problem, bench: Bench, label: str, name: str, value: str) -> Fix:
    return bench.in_diagram(problem, label, lambda root: editing.set_property(element_of(root, problem), name, value))
