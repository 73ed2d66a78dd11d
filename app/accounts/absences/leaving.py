"""What somebody who leaves still has to do, and who may take it over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import SEPARATED, Grant, User
from app.engine import Directory, HumanTask, Person


@dataclass(frozen=True)
class Held:
    """An open task by its number: administrators see no business, so no title and no answers."""

    id: str
    holder_id: str
    number: str
    process: tuple[str, str]
    step: tuple[str, str]
    due_at: Any
    delegated_by: str
    people: tuple[tuple[str, str], ...]  # who may take it: (id, name), sorted


def held_tasks(session: Session, directory: Directory, user: User) -> list[Held]:
    """Everything open in the person's name, what is due first on top."""
    select = sa.select(HumanTask).where(HumanTask.assignee_id == user.id, HumanTask.status == "open")
    rows = session.scalars(select.order_by(HumanTask.due_at.is_(None), HumanTask.due_at, HumanTask.id)).all()
    people: dict[tuple[str | None, str | None], list[Person]] = {}
    found = []
    for row in rows:
        address = (row.role, row.org_id)
        if address not in people:
            people[address] = takers(session, directory, user, *address)
        found.append(
            Held(
                row.id, user.id, row.business_key or row.id[-8:], (row.process_zh, row.process_en),
                (row.name_zh, row.name_en), row.due_at, row.delegated_by_name if row.delegated_by_id else "",
                tuple((one.id, f"{one.name}　{one.org_name}") for one in people[address]),
            )
        )  # fmt: skip
    return found


def takers(session: Session, directory: Directory, user: User, role: str | None, org_id: str | None) -> list[Person]:
    """Who may take a task over: whoever fills its post; where nobody else does, the colleagues of the organisation."""
    able = [one for one in directory.candidates(session, role, org_id) if one.id != user.id] if role or org_id else []
    return able or _colleagues(session, user)


def _colleagues(session: Session, user: User) -> list[Person]:
    separated = sa.select(Grant.user_id).where(Grant.role.in_(SEPARATED))
    select = sa.select(User).where(User.active, User.org_id == user.org_id, User.id != user.id)
    if not user.has(*SEPARATED):
        select = select.where(User.id.not_in(separated))
    return [
        Person(one.id, one.name, one.org_id, one.org.short_name)
        for one in session.scalars(select.order_by(User.name)).unique()
    ]
