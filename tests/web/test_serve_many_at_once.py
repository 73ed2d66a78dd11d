"""As many requests as the server has threads, each with its own reading, the engine's and the calendar's session."""

from __future__ import annotations

from contextlib import ExitStack

import sqlalchemy as sa
from flask import Flask

THREADS, SESSIONS_OF_ONE_REQUEST = 16, 3


def test_no_request_waits_for_another_s_connection(app: Flask) -> None:
    sessions = app.extensions["duban.sessions"]
    assert sessions.kw["bind"].pool.timeout() >= 5  # what the last of them would wait before it fails
    with ExitStack() as held:
        for _one in range(THREADS * SESSIONS_OF_ONE_REQUEST):
            held.enter_context(sessions()).execute(sa.text("SELECT 1"))
