from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from flask import Flask

from app.audit import Actor
from app.clock import FixedClock
from app.config import ROOT
from app.db import write_transaction
from app.designer.drafts import Draft, operations
from app.engine import load_folder

EXAMPLE = load_folder(ROOT / "tests" / "bpmn" / "examples" / "two_step_approval")
NewDraft = Callable[..., Draft]


@pytest.fixture
def new_draft(app: Flask, clock: FixedClock, actor: Callable[[str], Actor]) -> NewDraft:
    """`new_draft(key, files, title)` → a draft of these files, or of the example."""

    def made(key: str = EXAMPLE.key, files: Mapping[str, bytes] = EXAMPLE.files, title: str = "采购申请") -> Draft:
        with app.extensions["duban.sessions"]() as session, write_transaction(session):
            return operations.create(session, key, title, files, by=actor("root"), at=clock.now())

    return made
