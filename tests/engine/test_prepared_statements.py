"""Statements of every step that are said to the driver itself: the same rows, the same transaction, the same refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import Json, UTCDateTime, is_locked, make_sessions, new_id, write_transaction
from app.prepared import NotPreparable, Prepared

NOON = dt.datetime(2026, 7, 1, 4, 0, tzinfo=dt.UTC)
_LETTER = sa.Table(
    "letter",
    sa.MetaData(),
    sa.Column("id", sa.String(32), primary_key=True, default=new_id),
    sa.Column("box", sa.String(32)),
    sa.Column("state", sa.String(20), default="waiting"),
    sa.Column("at", UTCDateTime),
    sa.Column("content", Json),
    sa.Column("seen", sa.Boolean, default=False),
    sa.Column("fence", sa.Integer, default=0),
)
_NUMBERED = sa.Table(
    "numbered", _LETTER.metadata, sa.Column("number", sa.Integer, primary_key=True), sa.Column("word", sa.Text)
)
_ADD = Prepared(sa.insert(_LETTER))
_OF = Prepared(sa.select(_LETTER).where(_LETTER.c.box == sa.bindparam("box")).order_by(_LETTER.c.id))
_STOP = Prepared(
    sa.update(_LETTER)
    .where(_LETTER.c.box == sa.bindparam("mine"), _LETTER.c.state.in_(("waiting", "paused")))
    .values(state="cancelled", fence=_LETTER.c.fence + 1)
)


@pytest.fixture
def session(empty_database: Callable[[], str]) -> Iterator[Session]:
    sessions = make_sessions(empty_database())
    _LETTER.metadata.create_all(sessions.kw["bind"])
    with sessions() as session:
        yield session
    sessions.kw["bind"].dispose()


def _letter(box: str, **more: Any) -> dict[str, Any]:
    return {"id": new_id(), "box": box, "at": NOON, "content": {"offset": "-1h"}} | more


def test_it_writes_and_reads_what_the_session_writes_and_reads(session: Session) -> None:
    mine = new_id()
    with write_transaction(session):
        assert _ADD.run(session, [_letter(mine), _letter(mine, content={"名称": ["督办"]}, at=None)]) == 2
        session.execute(sa.insert(_LETTER), [_letter(mine, state="paused", seen=True)])
    usual = session.execute(_OF.statement, {"box": mine}).mappings().all()
    found = _OF.all(session, {"box": mine})
    assert [row._asdict() for row in found] == [dict(row) for row in usual]
    assert (found[0].at, found[0].state, found[0].seen) == (NOON, "waiting", False)
    assert (found[1].at, found[1].content) == (None, {"名称": ["督办"]})


def test_it_tells_how_many_rows_it_changed(session: Session) -> None:
    mine = new_id()
    with write_transaction(session):
        _ADD.run(session, [_letter(mine, state=state) for state in ("waiting", "fired", "paused")])
        assert _STOP.run(session, {"mine": mine}) == 2
        assert _STOP.run(session, {"mine": mine}) == 0
    assert [row.state for row in _OF.all(session, {"box": mine})] == ["cancelled", "fired", "cancelled"]


def test_it_finds_nothing_where_nothing_is(session: Session) -> None:
    assert _OF.first(session, {"box": new_id()}) is None
    assert _OF.scalar(session, {"box": new_id()}) is None


def test_what_a_rolled_back_transaction_wrote_is_gone(session: Session) -> None:
    mine = new_id()
    _ADD.run(session, _letter(mine))
    session.rollback()
    assert _OF.all(session, {"box": mine}) == []


def test_what_a_rolled_back_savepoint_wrote_is_gone(session: Session) -> None:
    mine = new_id()
    with write_transaction(session):
        _ADD.run(session, _letter(mine))
        savepoint = session.begin_nested()
        _ADD.run(session, _letter(mine))
        savepoint.rollback()
    assert len(_OF.all(session, {"box": mine})) == 1


def test_a_refusal_has_the_usual_class_and_says_no_values(session: Session) -> None:
    row = _letter(new_id(), content={"said": "身份证号"})
    _ADD.run(session, row)
    with pytest.raises(sa.exc.IntegrityError) as refused:
        _ADD.run(session, row)
    assert "INSERT INTO letter" in str(refused.value)
    assert "身份证号" not in str(refused.value)
    assert not is_locked(refused.value)


def test_a_naive_time_and_a_missing_value_are_refused(session: Session) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive"), write_transaction(session):
        _ADD.run(session, _letter(new_id(), at=NOON.replace(tzinfo=None)))
    with pytest.raises(sa.exc.InvalidRequestError, match="box"):
        _OF.all(session, {})


def test_text_with_a_nul_is_stored_as_it_is_elsewhere(session: Session, database: str) -> None:
    mine = new_id()
    with write_transaction(session):
        _ADD.run(session, _letter(mine, state="a\0b"))
    kept = _OF.all(session, {"box": mine})[0].state
    assert kept == ("ab" if database == "postgresql" else "a\0b")


def test_whoever_listens_to_statements_hears_of_it(session: Session) -> None:
    heard: list[str] = []

    def listen(_connection: object, _cursor: object, sql: str, *_more: object) -> None:
        heard.append(sql)

    bind = session.get_bind()
    sa.event.listen(bind, "after_cursor_execute", listen)
    try:
        _OF.all(session, {"box": new_id()})
    finally:
        sa.event.remove(bind, "after_cursor_execute", listen)
    assert any("FROM letter" in sql for sql in heard)


def test_a_statement_with_computed_defaults_is_refused(session: Session) -> None:
    row = {name: value for name, value in _letter(new_id()).items() if name != "id"}
    with pytest.raises(NotPreparable), write_transaction(session):
        _ADD.run(session, row)


def test_a_key_that_the_database_gives_is_refused(session: Session) -> None:
    with pytest.raises(NotPreparable), write_transaction(session):
        Prepared(sa.insert(_NUMBERED)).run(session, {"word": "x"})
