"""What people of the demo city do with the work that reaches them: each step some days after it came up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.audit import Actor
from app.clock import local
from app.engine import HumanTask

if TYPE_CHECKING:
    from app.demo.play import Play

Answers = dict[str, Any]
# What is answered; nothing where the step waits longer, for something else or for ever.
Answer = Callable[["Play", HumanTask, Actor], Answers | None]
Steps = Mapping[str, tuple[float, Answer]]  # node → how many days it waits, and what is answered
SHOWN = dt.timedelta(days=3)  # what came up so short before the day of installation waits for the visitor


def said(**answers: Any) -> Answer:
    """The same answers whoever is asked."""
    return lambda _play, _task, _by: answers


def on(play: Play, days: int) -> str:
    """The day so many days from now, as a form takes it."""
    return (local(play.clock.now()).date() + dt.timedelta(days)).isoformat()


def carry_on(play: Play) -> None:
    """Do what has waited long enough. Some of it opens the next step, which waits in its turn."""
    book, now = _book(), play.clock.now()
    for row in _waiting(play, list(book)):
        days, answer = book[row.definition_key].get(row.node_id, (0, _nothing))
        if now < max(row.created_at + dt.timedelta(days=days), play.put_off.get(row.id, row.created_at)):
            continue
        task = _open(play, row.id)
        if task is None or not (able := play.candidates(task)):
            continue
        if (answers := answer(play, task, able[0])) is None:
            play.put_off[row.id] = now + dt.timedelta(hours=20)
        else:
            play.do(task, able[0], answers)


def _waiting(play: Play, keys: list[str]) -> list[Any]:
    """Only what says whether a task's turn has come: there are many, and most are not."""
    select = sa.select(HumanTask.id, HumanTask.definition_key, HumanTask.node_id, HumanTask.created_at).where(
        HumanTask.definition_key.in_(keys), HumanTask.status == "open", HumanTask.created_at < play.until - SHOWN
    )
    with play.engine.sessions() as session:
        return list(session.execute(select.order_by(HumanTask.created_at, HumanTask.id)))


def _open(play: Play, task_id: str) -> HumanTask | None:
    with play.engine.sessions() as session:
        return session.scalar(sa.select(HumanTask).where(HumanTask.id == task_id, HumanTask.status == "open"))


def _nothing(_play: Play, _task: HumanTask, _by: Actor) -> None:
    """Nobody in the story does this step."""


def _book() -> Mapping[str, Steps]:
    from app.demo import campaigning, consulting, inspecting, supervising

    return {
        "supervision": supervising.SUPERVISION,
        "major_hazard": supervising.LISTING,
        "special_campaign": campaigning.CAMPAIGN,
        "sector_plan": campaigning.PLAN,
        "campaign_task": campaigning.TASK,
        "inspection": inspecting.INSPECTION,
        "expert_consultation": consulting.CONSULTATION,
        "consultation_visit": consulting.VISIT,
        "expert_opinion": consulting.OPINION,
    }
