from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.audit import SYSTEM, Actor
from app.engine import Engine
from tests.inbox.processes import KEY, package


@pytest.fixture(scope="module")
def engine(app: Flask) -> Engine:
    """The engine with the seal request deployed."""
    engine: Engine = app.extensions["duban.engine"]
    engine.deploy(package(), by=SYSTEM)
    return engine


@pytest.fixture(scope="module")
def request_seal(engine: Engine, actor: Callable[[str], Actor]) -> Callable[..., str]:
    """`request_seal("借章")` → the id of the review task; started by 孙强 of the town."""

    def start(summary: str = "借用公章", by: str = "sun", **data: Any) -> str:
        return engine.start(KEY, {"summary": summary, "pages": 2, **data}, by=actor(by)).tasks[0]

    return start
