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
    for task in _waiting(play, list(book)):
        days, answer = book[task.definition_key].get(task.node_id, (0, _nothing))
        if (play.until - task.created_at) < SHOWN or now - task.created_at < dt.timedelta(days=days):
            continue
        if (able := play.candidates(task)) and (answers := answer(play, task, able[0])) is not None:
            play.do(task, able[0], answers)


def _waiting(play: Play, keys: list[str]) -> list[HumanTask]:
    with play.engine.sessions() as session:
        open_ones = sa.select(HumanTask).where(HumanTask.definition_key.in_(keys), HumanTask.status == "open")
        return list(session.scalars(open_ones.order_by(HumanTask.created_at, HumanTask.id)))


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
