"""A process with one step that several people sign, and short words for what its tests do again and again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.engine import HumanTask, Package
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World

OPTIONS = [{"value": value, "label": {"zh": value, "en": value}} for value in ("agree", "refuse", "abstain")]
FORM = {
    "title": {"zh": "会签", "en": "Sign"},
    "fields": [
        {
            "name": "decision", "kind": "radio", "required": True, "label": {"zh": "意见", "en": "Opinion"},
            "options": OPTIONS,
        },
        {"name": "remark", "kind": "textarea", "label": {"zh": "说明", "en": "Remark"}},
    ],
}  # fmt: skip
FILES = {"forms/sign.json": json.dumps(FORM, ensure_ascii=False)}
PEOPLE = ("zhao", "deng", "liu", "gao", "sun")


def step(policy: str, **words: str) -> d.Element:
    """The signing step; ratio is 2/3 unless it says otherwise."""
    if policy == "ratio":
        words = {"ratio": "2/3"} | words
    return d.user(
        "sign",
        policy=policy,
        **({"signers": "board", "form": "sign", "allow": "sign, urge, reassign, claim, comment, cc"} | words),
    )


def process(policy: str, key: str = "board", **words: str) -> Package:
    """ask → sign → after; zhao starts it."""
    return d.package(
        key,
        step(policy, **words),
        d.user("after", role="dept_admin"),
        d.end(),
        files=FILES,
        manifest='inputs = ["board"]\nstarters = ["dept_staff", "coordinator"]\n',
    )


def begin(world: World, policy: str, people: Sequence[str] = PEOPLE[:3], **words: str) -> str:
    """An instance whose step waits for these people."""
    world.deploy(process(policy, **words))
    return world.start("board", {"board": [member(key).id for key in people]}, by="wang")


def rows(world: World, instance: str, node: str = "sign") -> dict[str, HumanTask]:
    """The open rows of the step by their holder."""
    return {task.assignee_id or "": task for task in world.tasks(instance) if task.node_id == node}


def row_of(world: World, instance: str, who: str) -> HumanTask:
    return rows(world, instance)[member(who).id]


def vote(world: World, instance: str, who: str, decision: str | None = "agree", **more: Any) -> Any:
    answers = ({} if decision is None else {"decision": decision}) | more
    return world.engine.complete(row_of(world, instance, who).id, answers, by=world.person(who))


def waiting(world: World, instance: str) -> set[str]:
    """Who has an open row, by the cast's key."""
    keys = {member(key).id: key for key in (*PEOPLE, "wang", "he", "ma", "lin", "qin", "zhou", "wu", "chen")}
    return {keys[holder] for holder in rows(world, instance) if holder}


def signatures(world: World, instance: str, node: str = "sign") -> dict[str, Any]:
    """What the process knows of the step, also after it has ended."""
    with world.sessions() as session:
        found: dict[str, Any] = world.engine.data(session, instance)["signatures"][node]
    return found


def tally(world: World, task: HumanTask) -> Any:
    with world.sessions() as session:
        return world.engine.tally(session, task)
