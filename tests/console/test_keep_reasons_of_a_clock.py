"""Why a clock stands is business: the committee office reads it in the console, the system administrator does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.audit import SYSTEM
from app.engine import Engine
from tests.console.conftest import Begin, task_of
from tests.inbox.processes import package

SignIn = Callable[[str], FlaskClient]
ALL = "/console/instances"
WHY = "等待死因鉴定意见"


@pytest.fixture(scope="module")
def instance(engine: Engine, begin: Begin) -> str:
    """One whose clock was stopped by the supervising side."""
    engine.deploy(package("stopped_request", allow="claim,reassign,cc,urge,comment,pause"), by=SYSTEM)
    found = begin("借用公章", "stopped_request")
    with engine.sessions() as session:
        task = task_of(session, found).id
    engine.pause_clock(task, WHY, by=SYSTEM, operator=True)
    return found


@pytest.mark.parametrize("page", ["", "/{id}", "/{id}?node=review"])
def test_only_who_sees_business_reads_why_a_clock_stands(sign_in: SignIn, instance: str, page: str) -> None:
    path = ALL + page.format(id=instance)
    office, operator = sign_in("wang").get(path).text, sign_in("root").get(path).text
    assert WHY in office
    assert instance[:8] in operator
    assert "is-pause" in operator or "is-grey" in operator  # that it stands they see
    assert WHY not in operator


def test_a_program_of_the_operator_does_not_read_it_either(sign_in: SignIn, instance: str) -> None:
    for path in (f"/api/v1/instances?q={instance[:12]}", f"/api/v1/instances/{instance}"):
        answer = sign_in("root").get(path)
        assert answer.status_code == 200, path
        assert WHY not in answer.text, path
