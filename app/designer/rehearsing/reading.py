"""The figures of a rehearsal as the page shows them: a sentence first, then the map, the steps, the people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.designer.rehearsing import charts, words
from app.engine import Diagram, compare_rehearsals
from app.i18n import _, pick

LEVELS, LOW = 5, 0.05  # a load that never comes up to this is a line on the ground
MARKS = {"never_node": "off", "never_flow": "off", "dead_end": "bad"}  # as the viewer of diagrams calls them
SHOWN = ("passes", "time", "waiting", "late")
Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One step of the table."""

    id: str
    name: str
    role: str
    visits: int
    waiting: str
    waiting_p90: str
    working: str
    working_p90: str
    late: str
    is_late: bool
    rungs: int


@dataclass(frozen=True)
class People:
    """One role: its load in words, and the drawing of it."""

    key: str
    title: str
    people: int
    hours: str
    tasks: int
    mean: str
    most: str
    days_over: int
    work_days: int
    queue: int
    overloaded: bool
    chart: charts.Load | None  # none where there is nothing to see


@dataclass(frozen=True)
class Found:
    state: str
    text: str
    element: str | None


@dataclass(frozen=True)
class Reading:
    sentence: str
    problems: list[Found]
    rows: list[Row]
    people: list[People]
    heat: dict[str, int]
    counts: dict[str, Any]
    alerts: dict[str, str]
    marks: dict[str, str]
    months_most: int  # the highest number of a month
    ends: list[tuple[str, int]]
    beside: list[str]  # what the cases would set off and nobody played


def reading(figures: Figures, shown: str, diagram: Diagram, titles: Mapping[str, str] | None = None) -> Reading:
    nodes = figures["nodes"]
    names = {node_id: one["name"] for node_id, one in nodes.items()}
    names |= {
        flow.id: {"zh": flow.name or flow.id, "en": flow.name_en or flow.name or flow.id}
        for flow in diagram.flows.values()
    }
    problems = [Found(*words.problem(one, names), one["element"]) for one in figures["problems"]]
    problems.sort(key=lambda one: one.state != "red")
    heat, counts = _map(nodes, shown)
    steps = [(node_id, nodes[node_id]) for node_id in diagram.nodes if node_id in nodes]
    return Reading(
        sentence=sentence(figures),
        problems=problems,
        rows=[_row(node_id, one) for node_id, one in steps if one.get("visits") and "working" in one],
        people=[_people(key, one) for key, one in figures["roles"].items()],
        heat=heat,
        counts=counts,
        alerts={one.element: _("问题") for one in problems if one.element and one.state == "red"},
        marks={one["element"]: MARKS[one["kind"]] for one in figures["problems"] if one["kind"] in MARKS},
        months_most=max((max(row["arrived"], row["ended"]) for row in figures["months"]), default=0) or 1,
        beside=_beside(nodes, diagram, titles or {}),
        ends=[(str(pick(names.get(node, {"zh": node, "en": node}))), n) for node, n in figures["ends"].items()],
    )


def started_by(diagram: Diagram) -> dict[str, list[str]]:
    """The processes that ladders start, by node in the order of the rungs."""
    found = {}
    for node in diagram.nodes.values():
        rungs = [one for one in re.split(r"[;；\n]", node.properties.get("ladder", "")) if one.strip()]
        if rungs:
            found[node.id] = [one.partition(":")[2].strip() for one in rungs]
    return found


def _beside(nodes: Mapping[str, Any], diagram: Diagram, titles: Mapping[str, str]) -> list[str]:
    """Instances that rungs of a ladder would start, by process; and that nobody asked for more time."""
    started: Counter[str] = Counter()
    for node_id, processes in started_by(diagram).items():
        for level, number in nodes.get(node_id, {}).get("rungs", {}).items():
            if 0 < int(level) <= len(processes):
                started[processes[int(level) - 1]] += number
    said = [
        _("超期会另起 %(n)s 件“%(process)s”，未推演其过程", n=f"{number:,}", process=titles.get(key, key))
        for key, number in started.most_common()
        if number
    ]
    asked = dict.fromkeys(
        node.properties["extension_process"]
        for node in diagram.nodes.values()
        if node.properties.get("extension_process") and nodes.get(node.id, {}).get("visits")
    )
    said += [_("没有人申请“%(process)s”：各步骤都按原期限计算", process=titles.get(key, key)) for key in asked]
    return said


def sentence(figures: Figures) -> str:
    """What a leader reads, and perhaps the only thing."""
    cases, cycle, tasks = figures["cases"], figures["cycle"], figures["tasks"]
    parts = [_("推演 %(n)s 件，办结 %(ended)s 件", n=f"{cases['started']:,}", ended=f"{cases['ended']:,}")]
    if cycle["n"]:
        parts.append(
            _(
                "一半在 %(median)s内办结，九成在 %(p90)s内",
                median=words.span(cycle["median"]),
                p90=words.span(cycle["p90"]),
            )
        )
    if tasks["late_share"] is not None:
        parts.append(_("任务超期率 %(share)s", share=words.share(tasks["late_share"])))
    if tasks["rungs"]:
        parts.append(_("提级 %(n)s 次", n=f"{tasks['rungs']:,}"))
    stuck = cases["dead"] + cases["incident"] + cases["looped"]
    if stuck:
        parts.append(_("%(n)s 件走不到结束", n=f"{stuck:,}"))
    if cases["running"]:
        parts.append(_("%(n)s 件到期末仍在办", n=f"{cases['running']:,}"))
    over = [words.role(key) for key, one in figures["roles"].items() if one["overloaded"]]
    if over:
        parts.append(_("%(roles)s人手不足", roles=_("、").join(over)))
    return _("%(parts)s。", parts=_("，").join(parts))


def _map(nodes: Mapping[str, Any], shown: str) -> tuple[dict[str, int], dict[str, Any]]:
    values: dict[str, float] = {}
    told: dict[str, Any] = {}
    for node_id, one in nodes.items():
        value, text = _value(one, shown)
        if value:
            values[node_id], told[node_id] = value, text
    most = max(values.values(), default=0)
    heat = {node: min(LEVELS, int(value / most * LEVELS * 0.9999) + 1) for node, value in values.items()}
    return heat, told


def _value(one: Mapping[str, Any], shown: str) -> tuple[float | None, Any]:
    if shown == "passes":
        return (one["passes"], one["passes"]) if _is_work(one["kind"]) else (None, "")
    if "working" not in one:
        return None, ""
    if shown == "time":
        mean = one["working"]["mean"]
        return mean, words.span(mean)
    if shown == "waiting":
        mean = one["waiting"]["mean"]
        return (mean, words.hours(mean)) if mean and mean >= 180 else (None, "")
    return one["late_share"], words.share(one["late_share"])


def _is_work(kind: str) -> bool:
    """What a number beside it says something of: gateways only repeat what comes before them."""
    return kind.endswith("Task") or kind in ("callActivity", "subProcess", "intermediateCatchEvent", "endEvent")


def _row(node_id: str, one: Mapping[str, Any]) -> Row:
    return Row(
        id=node_id,
        name=str(pick(one["name"])),
        role=words.role(one["role"]),
        visits=one["visits"],
        waiting=words.office(one["waiting"]["mean"]),
        waiting_p90=words.office(one["waiting"]["p90"]),
        working=words.span(one["working"]["median"]),
        working_p90=words.span(one["working"]["p90"]),
        late=words.share(one["late_share"]),
        is_late=(one["late_share"] or 0) > 0.2,
        rungs=sum(one["rungs"].values()),
    )


def _people(key: str, one: Mapping[str, Any]) -> People:
    return People(
        key=key,
        title=words.role(key),
        people=one["people"],
        hours=f"{one['hours']:g}",
        tasks=one["tasks"],
        mean=words.share(one["load_mean"]),
        most=words.share(one["load_max"]),
        days_over=one["overloaded_days"],
        work_days=one["work_days"],
        queue=one["queue_max"],
        overloaded=one["overloaded"],
        chart=charts.load(one["days"]) if one["load_max"] >= LOW or one["queue_max"] else None,
    )


@dataclass(frozen=True)
class Pair:
    name: str
    before: str
    after: str
    change: str = ""  # better, worse, or nothing


_LESS_IS_BETTER = ("dead", "incident", "running", "cycle_median", "cycle_p90", "late_share", "overdue", "rungs")


def comparison(before: Figures, after: Figures) -> dict[str, Any]:
    """Two rehearsals side by side, in words."""
    found = compare_rehearsals(before, after)
    steps = [
        Pair(str(pick((one["after"] or one["before"])["name"])), _step_told(one["before"]), _step_told(one["after"]))
        for one in found["steps"]
    ]
    roles = [
        Pair(words.role(one["role"]), _load_told(one["before"]), _load_told(one["after"])) for one in found["roles"]
    ]
    totals = [
        Pair(
            str(words.TOTALS[one["name"]]),
            words.total(one["name"], one["before"]),
            words.total(one["name"], one["after"]),
            _change(one["name"], one["before"], one["after"]) if found["same_luck"] else "",
        )
        for one in found["totals"]
    ]
    return {"same_luck": found["same_luck"], "totals": totals, "steps": steps, "roles": roles}


def _change(name: str, before: Any, after: Any) -> str:
    if name not in _LESS_IS_BETTER or before is None or after is None or before == after:
        return ""
    return "better" if after < before else "worse"


def _step_told(one: Mapping[str, Any] | None) -> str:
    if one is None or "working" not in one:
        return _("没有这一步")
    return _(
        "%(n)s 次，用时 %(span)s，等待 %(wait)s，超期 %(late)s",
        n=f"{one['visits']:,}", span=words.span(one["working"]["median"]),
        wait=words.office(one["waiting"]["mean"]), late=words.share(one["late_share"]),
    )  # fmt: skip


def _load_told(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return _("没有任务")
    return _(
        "%(people)s 人，负荷平均 %(mean)s，最多积压 %(queue)s 件",
        people=one["people"], mean=words.share(one["load_mean"]), queue=one["queue_max"],
    )  # fmt: skip
