"""What a rehearsal says in the end: plain values, in a fixed order, the same for the same seed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from app.engine.packages.diagram import Node
from app.engine.rehearsal.cases import DEAD, ENDED, INCIDENT, LOOPED, RUNNING
from app.engine.rehearsal.model import TASK, USUAL
from app.engine.rehearsal.outline import node_names
from app.engine.rehearsal.tally import RoleTally, StepTally, Tally

VERSION = 1
OVERLOADED_DAYS, OVERLOADED_LOAD = 0.05, 0.95  # of the work days; of the hours that are there
BEHIND = 1.0  # tasks a person that still wait at the end of a day: the day was too short
_JOINS = ("parallelGateway", "inclusiveGateway")
_UNDRAWN = ("startEvent",)


def figures_of(tally: Tally) -> dict[str, Any]:
    nodes, flows = _nodes(tally), _flows(tally)
    roles = {role: _role(tally, role, tally.roles[role]) for role in sorted(tally.roles)}
    status = tally.status
    done = sum(len(step.working) for step in tally.steps.values())
    late = sum(step.late for step in tally.steps.values())
    found: dict[str, Any] = {
        "version": VERSION,
        "key": tally.outline.package.key,
        "content_hash": tally.outline.package.content_hash,
        "model": tally.model.as_dict(),
        "cases": {
            "started": sum(status.values()),
            "ended": status[ENDED],
            "running": status[RUNNING],
            "dead": status[DEAD],
            "incident": status[INCIDENT],
            "looped": status[LOOPED],
        },
        "ends": {node: tally.ends[node] for node in tally.outline.diagram.nodes if tally.ends[node]},
        "cycle": _spread(tally.cycle),
        "months": [
            {"month": month, "arrived": tally.arrived_on[month], "ended": tally.ended_on[month]}
            for month in sorted({*tally.arrived_on, *tally.ended_on})
        ],
        "tasks": {
            "done": done,
            "late": late,
            "late_share": _share(late, sum(step.with_due for step in tally.steps.values())),
            "overdue": sum(step.overdue for step in tally.steps.values()),
            "rungs": sum(step.rungs.total() for step in tally.steps.values()),
        },
        "nodes": nodes,
        "flows": flows,
        "roles": roles,
    }
    found["problems"] = _problems(tally, found)
    return found


def _nodes(tally: Tally) -> dict[str, Any]:
    waits = tally.outline.waits
    found: dict[str, Any] = {}
    for node in tally.outline.diagram.nodes.values():
        wait, step = waits.get(node.id), tally.steps.get(node.id)
        one: dict[str, Any] = {
            "name": node_names(tally.outline, node.id),
            "kind": node.kind,
            "passes": tally.passes[node.id],
        }
        if wait is not None and wait.kind == TASK:
            one |= {"role": wait.role} | _step(step or StepTally())
        elif wait is not None:
            one |= {"waits": wait.kind, "visits": step.created if step else 0}
        found[node.id] = one
    return found


def _step(step: StepTally) -> dict[str, Any]:
    return {
        "visits": step.created,
        "done": len(step.working),
        "waiting": _spread(step.waiting),
        "working": _spread(step.working),
        "with_due": step.with_due,
        "late": step.late,
        "overdue": step.overdue,
        "late_share": _share(step.overdue, step.with_due),
        "rungs": {str(level): step.rungs[level] for level in sorted(step.rungs)},
        "left": step.gone,
    }


def _flows(tally: Tally) -> dict[str, int]:
    """History tells which node a token came from; at a join it tells of one branch only, the others are inferred."""
    diagram, passes = tally.outline.diagram, tally.passes
    found = {}
    for flow in diagram.flows.values():
        pairs = tally.pairs[flow.source, flow.target]
        source, target = diagram.nodes.get(flow.source), diagram.nodes.get(flow.target)
        alone = source is not None and (len(source.out_flows) == 1 or source.kind == "parallelGateway")
        if alone or (target is not None and target.kind in _JOINS and alone):
            pairs = max(pairs, passes[flow.source])
        found[flow.id] = max(pairs, min(tally.reached[flow.source, flow.target], passes[flow.source]))
    return found


def _role(tally: Tally, role: str, found: RoleTally) -> dict[str, Any]:
    """Load by work day of the period: hours worked of those that are there."""
    capacity = tally.model.roles.get(role, USUAL)
    days: list[tuple[str, float, int]] = []
    for number in range(tally.model.days):
        day = tally.model.start + dt.timedelta(number)
        there = tally.shifts.capacity(day, capacity.hours) * capacity.people
        if there:
            left = found.left.get(day, 0)
            load = round(found.busy[day] / there, 4)
            days.append((day.isoformat(), load, left))
    loads = [load for _day, load, _left in days]
    behind = [left > BEHIND * capacity.people for _day, _load, left in days]
    mean = round(sum(loads) / len(loads), 4) if loads else 0.0
    return {
        "people": capacity.people,
        "hours": capacity.hours,
        "tasks": found.tasks,
        "load_mean": mean,
        "load_max": max(loads, default=0.0),
        "overloaded_days": sum(behind),
        "work_days": len(days),
        "queue_max": max((left for _day, _load, left in days), default=0),
        "waiting": _spread(found.waiting),
        "overloaded": bool(days) and (sum(behind) > OVERLOADED_DAYS * len(days) or mean > OVERLOADED_LOAD),
        "days": [list(day) for day in days],
    }


def _problems(tally: Tally, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each with the element it is about; gravest first."""
    problems: list[dict[str, Any]] = []

    def add(kind: str, element: str | None, count: int, **more: Any) -> None:
        problems.append({"kind": kind, "element": element, "count": count} | more)

    for node, count in sorted(tally.dead.items(), key=lambda item: (-item[1], item[0])):
        add("dead_end", node, count)
    for (kind, node_id, message), count in sorted(tally.failing.items(), key=lambda item: (-item[1], str(item[0]))):
        add("endless" if kind == LOOPED else "incident", node_id, count, message=message[:500], what=kind)
    for node, count in sorted(tally.looping.items(), key=lambda item: (-item[1], item[0])):
        add("loop", node, count, times=tally.model.loops)
    for role, one in found["roles"].items():
        if one["overloaded"]:
            add("overloaded", None, one["overloaded_days"], role=role, load=one["load_mean"], queue=one["queue_max"])
    nodes = tally.outline.diagram.nodes
    unreached = [one.id for one in nodes.values() if _never(one, found, tally)]
    for node_id in unreached:
        add("never_node", node_id, 0)
    for flow_id, passes in found["flows"].items():
        flow = tally.outline.diagram.flows[flow_id]
        reached = flow.source in nodes and found["nodes"][flow.source]["passes"]
        if not passes and reached and flow.target not in unreached:
            add("never_flow", flow_id, 0, source=flow.source, target=flow.target)
    return problems


def _never(node: Node, found: dict[str, Any], tally: Tally) -> bool:
    one = found["nodes"][node.id]
    if one["passes"] or one.get("visits") or tally.dead[node.id]:
        return False
    return node.kind not in _UNDRAWN or node.parent not in tally.outline.diagram.nodes


def _spread(seconds: Sequence[float]) -> dict[str, Any]:
    """Seconds: how many, mean, median, 90 % and most; by rank, without interpolation."""
    if not seconds:
        return {"n": 0, "mean": None, "median": None, "p90": None, "max": None}
    ranked = sorted(seconds)

    def at(share: float) -> int:
        return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))])

    return {
        "n": len(ranked),
        "mean": round(sum(ranked) / len(ranked)),
        "median": at(0.5),
        "p90": at(0.9),
        "max": round(ranked[-1]),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
