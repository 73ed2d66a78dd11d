"""Whether the rows of children agree with the tokens that wait for them, and with the children themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Finding
from app.engine.models import Child
from app.engine.running.children.spec import CALLED, waiting_calls

_CHILD = Child.__table__


def as_parent(session: Session, instance_id: str, workflow: Any) -> Iterator[Finding]:
    """A token that waits for children has as many rows as it asked for, and one of them is still to be heard of."""
    calls = {str(task.id): task for task in waiting_calls(workflow)}
    rows = session.execute(
        sa.select(_CHILD.c.spiff_task_id, sa.func.count(), sa.func.count(_CHILD.c.told_at))
        .where(_CHILD.c.parent_id == instance_id, _CHILD.c.waits)
        .group_by(_CHILD.c.spiff_task_id)
    )
    found = {spiff_id: (number, told) for spiff_id, number, told in rows}
    for spiff_id, task in calls.items():
        number, told = found.get(spiff_id, (0, 0))
        if number != task.internal_data[CALLED]:
            said = f"{task.task_spec.bpmn_id} asked for {task.internal_data[CALLED]} children, there are {number}"
            yield Finding("children.number", "instance", instance_id, said)
        elif told == number:
            yield Finding(
                "children.over", "instance", instance_id, f"{task.task_spec.bpmn_id} waits, but all children are over"
            )
    left = sa.select(_CHILD.c.id, _CHILD.c.spiff_task_id, _CHILD.c.node_id).where(
        _CHILD.c.parent_id == instance_id,
        _CHILD.c.waits,
        _CHILD.c.state.in_(("due", "running")),
        _CHILD.c.dropped_at.is_(None),
    )
    for row in session.execute(left):
        if row.spiff_task_id not in calls:
            yield Finding("children.left_over", "child", row.id, f"goes on, but no token waits at {row.node_id}")


def as_child(session: Session, row: Mapping[str, Any]) -> Iterator[Finding]:
    """A child has its row, and that says of it what is so."""
    if not row["parent_node"]:
        return
    state = session.scalar(sa.select(_CHILD.c.state).where(_CHILD.c.instance_id == row["id"]))
    if state is None:
        yield Finding("child.missing", "instance", row["id"], f"child of {row['parent_id']}, but has no row as such")
    elif (row["status"] in ("ended", "cancelled")) != (state in ("ended", "cancelled")):
        yield Finding("child.state", "instance", row["id"], f"it is {row['status']}, its row says {state}")
