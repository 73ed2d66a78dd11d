"""A running instance with one open task, and the events that the engine's outbox hands on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from app.db import new_id
from app.engine import Definition, HumanTask, Instance
from tests.cast import START, XINGANG, member, org_id


def open_task(
    session: Session, *, role: str = "dept_staff", org: str = "emergency", holder: str | None = None
) -> HumanTask:
    """「鑫源纺织：安全出口上锁」 in 整改复查, addressed to a role or claimed by somebody. Call inside a transaction."""
    key = new_id()
    definition = Definition(
        key=key, version=1, content_hash=key, status="retired", title_zh="隐患排查治理", title_en="Hazard rectification",
        manifest={}, created_at=START,
    )  # fmt: skip
    session.add(definition)
    session.flush()
    instance = Instance(
        definition_id=definition.id, definition_key=key, definition_version=1, status="running", state=b"", state_mac="",
        serializer_version="1", title="鑫源纺织：安全出口上锁", subject_kind="hazard", subject_id="77",
        starter_id=member("sun").id, starter_name="孙强", region_code=XINGANG, sector_code="INDUSTRY",
        supervising_org_id=org_id("emergency"), started_at=START,
    )  # fmt: skip
    session.add(instance)
    session.flush()
    task = HumanTask(
        instance_id=instance.id, spiff_task_id=new_id(), definition_id=definition.id, definition_key=key, node_id="review",
        name_zh="整改复查", name_en="Re-inspect", process_zh="隐患排查治理", process_en="Hazard rectification", status="open",
        role=role, org_id=org_id(org), assignee_id=member(holder).id if holder else None, properties={}, data={},
        title=instance.title, created_at=START, due_at=START + dt.timedelta(hours=3),
    )  # fmt: skip
    session.add(task)
    session.flush()
    return task


def event(name: str, task: HumanTask, by: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "event": name,
        "instance_id": task.instance_id,
        "task_id": task.id,
        "node_id": task.node_id,
        "actor_id": member(by).id if by else None,
        "actor_name": member(by).name if by else "系统",
        "at": START.isoformat(),
        **more,
    }
