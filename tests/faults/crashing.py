"""A process that is killed at one point of its work: forked, with a death planted where a function begins or ends."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app.engine.running.projections import saving


def die(*_words: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def plant(owner: Any, name: str, side: str, *, when: Callable[[], bool] = lambda: True) -> None:
    """Death before or after a call. Only ever in a child: nothing takes it back."""
    whole = getattr(owner, name)

    @wraps(whole)
    def mortal(*words: Any, **more: Any) -> Any:
        if side == "before" and when():
            die()
        found = whole(*words, **more)
        if side == "after" and when():
            die()
        return found

    setattr(owner, name, mortal)


def plant_at_commit(side: str) -> None:
    """Death around the commit of the transaction in which the instance was saved."""
    saved: list[bool] = []
    whole = saving.save

    def save(turn: Any) -> None:
        whole(turn)
        saved.append(True)

    saving.save = save
    plant(Session, "commit", side, when=lambda: bool(saved))


def killed(sessions: sessionmaker[Session], prepare: Callable[[], None], act: Callable[[], Any]) -> bool:
    """Carry out `act` in a process of its own; whether it was killed. It may not fail in any other way."""
    bind = sessions.kw["bind"]
    assert isinstance(bind, sa.Engine)
    bind.dispose()  # a connection must not be in two processes
    child = os.fork()
    if child == 0:
        code = 70
        try:
            prepare()
            act()
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)
    _pid, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), f"the child failed: {status}"
    return status == signal.SIGKILL
