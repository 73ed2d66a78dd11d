"""Whatever a form file or an answer holds: it is refused in words, never by a fault."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app import forms
from app.accounts import User
from app.audit import Actor
from app.errors import Invalid
from app.forms import FormFiles, check, shown_answers
from tests.cast import START, member
from tests.forms.conftest import DATA, FORM

WORDS = st.sampled_from(["today", "now", "x", "items", "method", "fail", "", "1", "-1", "２", "2026-04-09", "{", "s1"])
PLAIN = st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | WORDS | st.text(max_size=8)
KEYS = st.sampled_from(
    ["from", "field", "op", "value", "zh", "en", "all", "any", "not", "label", "kind", "name", "fields"]
)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
NAMES = st.sampled_from([field["name"] for field in FORM["fields"] if "name" in field])
ROWS = st.lists(st.dictionaries(st.sampled_from(["demand_text", "verdict", "wrong"]), ANYTHING), max_size=3)
ANSWERS = st.dictionaries(NAMES, ANYTHING | ROWS, max_size=8)
OFTEN = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            found += places(value[key], (*path, key))
    return found


PLACES = places(FORM)


def replaced(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    form = copy.deepcopy(FORM)
    inner: Any = form
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return form


def zhao(session: Session) -> tuple[User, Actor]:
    user = session.get_one(User, member("zhao").id)
    return user, user.actor()


@OFTEN
@given(answers=ANSWERS)
def test_answers_are_taken_or_refused_but_never_break_the_form(
    app: Flask, session: Session, answers: dict[str, Any]
) -> None:
    user, actor = zhao(session)
    port, errors = FormFiles(), {}
    try:
        found = port.validate(session, FORM, answers, data=DATA, actor=actor, instance_id=None, now=START)
        json.dumps(found, allow_nan=False)
        shown_answers(FORM, found, session, DATA)
    except Invalid as wrong:
        errors = wrong.errors
        assert all(isinstance(text, str) and text for texts in errors.values() for text in texts)
    with app.test_request_context():
        forms.bind(FORM, answers, errors, data=DATA, session=session, user=user)


@OFTEN
@given(path=st.sampled_from(PLACES), value=ANYTHING, answers=ANSWERS)
def test_a_form_that_passes_the_check_can_be_shown_and_filled_in(
    app: Flask, session: Session, path: tuple[Any, ...], value: Any, answers: dict[str, Any]
) -> None:
    form = replaced(path, value)
    if check("any", json.dumps(form).encode()):
        return
    user, actor = zhao(session)
    with suppress(Invalid):
        FormFiles().validate(session, form, answers, data=DATA, actor=actor, instance_id=None, now=START)
    forms.describe(form, DATA)
    with app.test_request_context():
        bound = forms.bind(form, answers, data=DATA, session=session, user=user)
        app.jinja_env.get_template("forms/_form.html").render(form=bound)


@pytest.mark.parametrize("content", [b"", b"null", b"1", b'"x"', b"{}", b"[{}]", b'{"fields": [null, 1, {}]}'])
def test_a_file_that_is_no_form_at_all_is_refused(content: bytes) -> None:
    assert check("any", content)
