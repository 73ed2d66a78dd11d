from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.subjects import Subject, name_key
from tests.cast import START, XINGANG, org_id
from tests.hazards.ledger.messy import COMPANIES, Company, Ledger, messy_ledger


def enter(session: Session, company: Company, number: str | None = "") -> Subject:
    """A registered enterprise; `number` None for one without a credit code."""
    now = START.astimezone(dt.UTC)
    subject = Subject(
        type="enterprise", name=company.name, name_key=name_key(company.name), search_text=name_key(company.name),
        id_type=None if number is None else "uscc", id_no=None if number is None else company.code,
        region_code=company.region, sector_code=company.sector, supervising_org_id=org_id("emergency"),
        town_org_id=org_id("xingang" if company.region == XINGANG else "longwan"), created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(subject)
    session.flush()
    return subject


@pytest.fixture(scope="package")
def ledger() -> Ledger:
    return messy_ledger()


@pytest.fixture(scope="module")
def companies(app: Flask) -> None:
    """The enterprises that the messy ledger names."""
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        for company in COMPANIES:
            enter(session, company)


@pytest.fixture
def entering(app: Flask) -> Iterator[Callable[[Company], Subject]]:
    """`entering(company)` registers an enterprise for one test."""
    with app.extensions["duban.sessions"]() as session:

        def make(company: Company) -> Subject:
            with write_transaction(session):
                return enter(session, company)

        yield make
