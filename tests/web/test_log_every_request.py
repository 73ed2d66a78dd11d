"""One line a request, with an id that every other line of it bears; never what people wrote."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import started

pytestmark = pytest.mark.one_database


def lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.name == "duban.web" and record.message == "request"]


def test_a_request_is_one_line_with_who_what_and_how_long(
    sign_in: Callable[[str], FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = sign_in("zhao").get("/account?note=geheim")
    (line,) = lines(caplog)
    assert (line.method, line.route, line.status) == ("GET", "/account", answer.status_code)
    assert line.ms >= 0
    assert line.user_id
    assert "geheim" not in str(line.__dict__)


def test_an_anonymous_request_names_nobody(anonymous: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        anonymous.get("/login")
    assert lines(caplog)[0].user_id is None


def test_what_is_refused_is_logged_too(anonymous: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        anonymous.get("/nowhere/at/all")
    assert [(line.route, line.status) for line in lines(caplog)] == [(None, 404)]


def test_a_password_that_was_sent_is_in_no_line(anonymous: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        anonymous.post("/login", data={"username": "zhao", "password": "Very-Secret-Word-2026"})
    assert "Very-Secret-Word-2026" not in caplog.text


def test_the_callers_id_is_kept_if_it_is_one(anonymous: FlaskClient) -> None:
    given = "proxy-0123456789"
    assert anonymous.get("/login", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given
    for wrong in ("short", "with space in it", "x" * 65, "semi;colon-0123"):
        assert anonymous.get("/login", headers={"X-Request-ID": wrong}).headers["X-Request-ID"] != wrong


def told(code: str) -> tuple[str, str]:
    """What a process says that runs this, and what it logs."""
    with started.run(code) as process:
        said, written = process.communicate(timeout=60)
        assert process.returncode == 0, written
        return said, written


def test_lines_inside_a_request_bear_its_id_and_the_instance(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """As they are written: one JSON object a line, by the formatter that production uses."""
    code = (
        "import logging, structlog; from app import logs; logs.configure(production=True)\n"
        "with structlog.contextvars.bound_contextvars(request_id='r1', instance_id='i1'):\n"
        "    logging.getLogger('duban.engine').warning('%s 条', 3, extra={'kind': 'x'})\n"
        "    try: 1 / 0\n"
        "    except ZeroDivisionError: logging.getLogger('duban').exception('broken')\n"
    )
    _, written = told(code)
    first, second = (json.loads(line) for line in written.splitlines())
    assert (first["event"], first["level"], first["kind"]) == ("3 条", "warning", "x")
    assert (first["request_id"], first["instance_id"]) == ("r1", "i1")
    assert "ZeroDivisionError" in second["exception"]


def test_what_people_answer_reaches_no_log_through_the_library_that_runs_diagrams(app: Flask) -> None:
    """SpiffWorkflow puts all data of the instance into the line that it writes at every change of a step's state."""
    code = (
        "import logging; from app import logs; logs.configure(production={})\n"
        "logging.getLogger('spiff.task').info('State changed', extra=dict(data=dict(reported_by='张三')))\n"
        "logging.getLogger('spiff.workflow').info('Workflow completed', extra=dict(data=dict(reported_by='张三')))\n"
    )
    for production in (True, False):
        assert told(code.format(production)) == ("", "")


def test_a_turn_of_the_engine_binds_its_task(app: Flask) -> None:
    import structlog

    class Act:
        task_id = "t1"
        instance_id = None

    engine, heard = app.extensions["duban.engine"], []
    engine.observers.append(lambda *told: heard.append(told))
    try:
        with engine.observed(Act()):
            assert structlog.contextvars.get_contextvars()["task_id"] == "t1"
    finally:
        engine.observers.pop()
    assert heard[0][:2] == ("act", "done")
    assert "task_id" not in structlog.contextvars.get_contextvars()


def test_a_fault_is_logged_quickly_and_without_the_values_of_variables() -> None:
    """Decorated tracebacks took seconds, with every other thread waiting for the log, and told what people had sent."""
    code = (
        "import logging, time; from app import logs; logs.configure(production=False)\n"
        "def fail(depth, answer):\n"
        "    if depth: return fail(depth - 1, answer)\n"
        "    raise ValueError('broken')\n"
        "began = time.monotonic()\n"
        "for n in range(20):\n"
        "    try: fail(30, {'opinion': 'a-secret-' + 'answer'})\n"
        "    except ValueError: logging.getLogger('duban').exception('fault')\n"
        "print(time.monotonic() - began)\n"
    )
    seconds, written = told(code)
    assert written.count("ValueError: broken") == 20
    assert "a-secret-answer" not in written
    assert float(seconds) < 2
