"""What statements carry is people's data, and the words of errors are logged, shown to operators and kept."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.web import IdempotencyKey


def test_an_error_of_the_database_does_not_quote_what_was_to_be_stored(session: Session) -> None:
    row = {"id": "twice", "request_hash": "身份证号", "created_at": sa.func.now(), "content_type": "x", "body": b""}
    insert = sa.insert(IdempotencyKey).values(**row, owner="", acted=False)
    with write_transaction(session):
        session.execute(insert)
        with pytest.raises(sa.exc.IntegrityError) as refused:
            session.execute(insert)
    assert "INSERT INTO idempotency_key" in str(refused.value)
    assert "身份证号" not in str(refused.value)
