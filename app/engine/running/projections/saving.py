"""The end of a turn: everything is projected, the state sealed and stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app import errors
from app.engine.models import Incident, Instance, Timer
from app.engine.running import history, serializing
from app.engine.running.checkout import Turn
from app.engine.running.children import rows as children
from app.engine.running.children.rows import project_children
from app.engine.running.compacting import compact
from app.engine.running.projections.facts import project_facts
from app.engine.running.projections.incidents import project_incidents
from app.engine.running.projections.subscriptions import project_subscriptions
from app.engine.running.projections.tasks import project_tasks
from app.engine.running.projections.timers import project_timers
from app.engine.running.serializing import VERSION
from app.i18n import lazy_
from app.prepared import Prepared

_INSTANCE = Instance.__table__
_TIMER = Timer.__table__
_INCIDENT = Incident.__table__
_EARLIEST = sa.select(sa.func.min(_TIMER.c.due_at)).where(
    _TIMER.c.instance_id == sa.bindparam("instance_id"), _TIMER.c.state == "waiting"
)
_STORE = Prepared(
    sa.update(_INSTANCE)
    .where(_INSTANCE.c.id == sa.bindparam("instance_id"))
    .values(next_due_at=_EARLIEST.scalar_subquery())
)
_STOP = Prepared(
    sa.update(_TIMER)
    .where(_TIMER.c.instance_id == sa.bindparam("ended_id"), _TIMER.c.state.in_(("waiting", "paused")))
    .values(state="cancelled")
)
_NOT_YET = object()
_RESOLVE = Prepared(
    sa.update(_INCIDENT).where(_INCIDENT.c.instance_id == sa.bindparam("ended_id"), _INCIDENT.c.resolved_at.is_(None))
)


def save(turn: Turn) -> None:
    """Project the turn and store the state. Inside the write transaction, after everything ran."""
    main = turn.events[0] if turn.events else None  # a retry has none before its steps tell something
    turn.events += turn.thrown
    head = _head(turn)
    changed = {name: value for name, value in head.items() if turn.instance.get(name, _NOT_YET) != value}
    turn.instance |= head
    ended = turn.workflow.is_completed()
    project_tasks(turn, head | {"business_key": _shown_number(turn) or head["business_key"]})
    project_timers(turn)
    project_subscriptions(turn)
    project_children(turn)
    project_incidents(turn, ended)
    project_facts(turn)
    if ended:
        _end(turn)
    if turn.path and turn.events:
        main = main or turn.events[0]
        main.data = main.data | {"path": turn.path}
    history.append(turn.session, turn.id, turn.now, turn.events)
    _store(turn, changed, ended)


def _head(turn: Turn) -> dict[str, Any]:
    """Title, subject and row-scope columns, from the expressions of process.toml over the data as it is now."""
    manifest, data, engine = turn.loaded.manifest, turn.workflow.data_now, turn.engine
    scope, subject = manifest.get("scope") or {}, manifest.get("subject") or {}

    def text(expression: Any, longest: int) -> str | None:
        value = engine.evaluate_softly(expression, data)
        return None if value is None or value == "" else str(value)[:longest]

    def organisation(expression: Any) -> str | None:
        value = engine.evaluate_softly(expression, data)
        return engine.directory.organisation(turn.session, value) if value else None

    starter = data.get("starter") or {}
    supervising = organisation(scope.get("supervising"))
    subject_id = text(subject.get("id"), 32)
    return {
        "title": text(manifest.get("instance_title"), 300) or turn.loaded.title.get("zh", ""),
        "business_key": turn.instance["business_key"] or text(manifest.get("business_key"), 120),
        "subject_kind": subject.get("kind") if subject_id else None,
        "subject_id": subject_id,
        "region_code": text(scope.get("region"), 12),
        "sector_code": text(scope.get("sector"), 40),
        "supervising_org_id": supervising if scope.get("supervising") else starter.get("org_id"),
        "responsible_org_id": organisation(scope.get("responsible")),
    }


def _shown_number(turn: Turn) -> str | None:
    """The number that tasks bear: process.toml's, also where whoever started it gave a technical key (a rung does)."""
    value = turn.engine.evaluate_softly(turn.loaded.manifest.get("business_key"), turn.workflow.data_now)
    return None if value is None or value == "" else str(value)[:120]


def _store(turn: Turn, changed: Mapping[str, Any], ended: bool) -> None:
    """The sealed state, and of the head what this turn changed: a column that is written again rewrites its index."""
    first = not turn.instance["rev"]
    rev = turn.instance["rev"] or 1
    if not ended and compact(turn.workflow):
        turn.restructured = True
    text = serializing.dump(turn.workflow)
    if first or turn.restructured:
        serializing.require_round_trip(text, turn.loaded.specs)
    state, mac = serializing.seal(text, turn.engine.secret, turn.id, rev)
    values: dict[str, Any] = dict(changed) | {"rev": rev, "state": state, "state_mac": mac}
    if turn.instance["serializer_version"] != VERSION:  # an earlier release wrote it
        values["serializer_version"] = VERSION
    if ended:
        values |= {"status": "ended", "ended_at": turn.now, "end_node": turn.end_node}
    try:
        _STORE.run(turn.session, {"instance_id": turn.id, **values})
    except sa.exc.IntegrityError as twice:
        raise errors.Conflict(lazy_("这件事已经发起过"), business_key=turn.instance["business_key"]) from twice
    turn.instance["rev"] = rev


def _end(turn: Turn) -> None:
    title, node = turn.loaded.title, turn.loaded.nodes.get(turn.end_node or "")
    notify = {"process_zh": title.get("zh"), "process_en": title.get("en")}
    if node is not None and node.name:  # how it ended: granted, refused
        notify |= {"end_zh": node.name, "end_en": node.name_en or node.name}
    turn.happened("instance.ended", node_id=turn.end_node, notify=notify)
    children.over(turn, "ended")
    _STOP.run(turn.session, {"ended_id": turn.id})
    resolved = {"resolved_at": turn.now, "resolved_by_id": turn.actor.id, "next_attempt_at": None}
    _RESOLVE.run(turn.session, {"ended_id": turn.id, **resolved})
