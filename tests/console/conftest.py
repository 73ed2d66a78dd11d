from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from app.accounts.models import Organisation
from app.audit import SYSTEM, Actor
from app.db import write_transaction
from app.engine import Engine, HumanTask, Incident
from tests.cast import CITY, fixed_id
from tests.inbox.conftest import engine, request_seal
from tests.inbox.processes import package

__all__ = ["engine", "request_seal"]
Begin = Callable[..., str]


@pytest.fixture(scope="module")
def begin(engine: Engine, actor: Callable[[str], Actor]) -> Begin:
    """`begin("借章")` → the id of an instance that the committee office may see, since a copy of its task went there."""

    def start(summary: str = "借用公章", key: str = "seal_request") -> str:
        started = engine.start(key, {"summary": summary, "pages": 2}, by=actor("sun"))
        engine.copy(started.tasks[0], [actor("wang").id or ""], by=SYSTEM)
        return started.instance_id

    return start


@pytest.fixture(scope="module")
def begin_lost(begin: Begin, engine: Engine) -> Callable[..., Incident]:
    """`begin_lost("x")` → the incident of an instance whose step is addressed to an office that does not exist."""

    def start(summary: str = "借用公章", office: str = "gas_office") -> Incident:
        key = f"lost_{office[:3]}"
        engine.deploy(package(key, org=f"&quot;{office}&quot;"), by=SYSTEM)
        instance_id = begin(summary, key)
        with engine.sessions() as session:
            return session.query(Incident).filter_by(instance_id=instance_id).one()

    return start


def set_up(session: Session, office: str) -> None:
    """The office that a step of `lost_<its first letters>` is addressed to exists from now on."""
    with write_transaction(session):
        session.add(
            Organisation(
                id=fixed_id(office),
                code=office,
                name="望海市港口办公室",
                short_name="港口办",
                kind="sector_dept",
                region_code=CITY,
            )
        )


def task_of(session: Session, instance_id: str) -> HumanTask:
    session.rollback()
    return session.query(HumanTask).filter_by(instance_id=instance_id, status="open").one()
