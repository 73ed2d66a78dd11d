"""Row scope: whatever people, grants and rows there are, `visible` shows exactly what the rule in words says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.accounts import ROLES, Grant, Organisation, OrganisationSector, User, contains, region_prefix, visible
from app.accounts.models import SEPARATED, Sector
from app.db import Base, Scope, make_sessions, new_id

CITY, OTHER_CITY = "990181000000", "990282000000"
REGIONS = [CITY, "990181101000", "990181101201", "990181102000", "990181102201", OTHER_CITY, "990282101000", None]
SECTORS = ["GAS", "CHEM", "FIRE"]
ORGS = [f"org{n}" for n in range(6)]
ROLE_SETS = st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(ORGS)), max_size=3, unique=True)


class Thing(Base):
    """A record with every column that scope can speak of; it lives in these tests' own database only."""

    __tablename__ = "test_scoped_thing"
    __scope__ = Scope(
        region="region_code", sector="sector_code", orgs=("org_a", "org_b"), responsible="responsible", owner="owner_id"
    )
    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True, default=new_id)
    region_code: Mapped[str | None]
    sector_code: Mapped[str | None]
    org_a: Mapped[str | None]
    org_b: Mapped[str | None]
    responsible: Mapped[str | None]
    owner_id: Mapped[str | None]


# Known to this module's engine, not to the product's schema.
_TABLE = Thing.__table__
Base.metadata.remove(_TABLE)


@dataclass(frozen=True)
class Row:
    region_code: str | None
    sector_code: str | None
    org_a: str | None
    org_b: str | None
    responsible: str | None
    owner_id: str | None


maybe_org = st.one_of(st.none(), st.sampled_from(ORGS))
ROWS = st.builds(
    Row,
    st.sampled_from(REGIONS),
    st.one_of(st.none(), st.sampled_from(SECTORS)),
    maybe_org,
    maybe_org,
    maybe_org,
    st.sampled_from([None, "me", "you"]),
)


@pytest.fixture(scope="module")
def city() -> Iterator[Session]:
    """Six organisations in two cities; each supervises the sector of its number."""
    sessions = make_sessions("sqlite://")
    with sessions() as session:
        Base.metadata.create_all(session.connection())
        _TABLE.create(session.connection())
        session.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        from app.accounts import Region

        for code in REGIONS:
            if code:
                session.add(Region(code=code, name=code, level="town", parent_code=None))
        session.flush()
        for number, org in enumerate(ORGS):
            region = REGIONS[number]
            session.add(
                Organisation(id=org, code=org, name=org, short_name=org, kind="sector_dept", region_code=region)
            )
        session.flush()
        session.add_all(Sector(code=code, name=code) for code in SECTORS)
        session.flush()
        session.add_all(OrganisationSector(org_id=ORGS[n], sector_code=SECTORS[n]) for n in range(3))
        session.commit()
        yield session


def area_of(org: str) -> str | None:
    return REGIONS[ORGS.index(org)]


def rule_in_words(row: Row, grants: list[tuple[str, str]], active: bool) -> bool:
    """domain 3.2 as one would tell it, row by row."""
    if not active:
        return False
    if row.owner_id == "me":
        return True
    if any(role in SEPARATED for role, _org in grants):
        return False  # administrators see no business data
    for role, org in grants:
        citywide = role in ("leader", "coordinator", "auditor")
        local = role in ("town_admin", "town_staff", "grid_worker")
        if (citywide or local) and row.region_code and contains(area_of(org), row.region_code):
            return True
        if role in ("dept_admin", "dept_staff", "officer"):
            number = ORGS.index(org)
            if number < 3 and row.sector_code == SECTORS[number]:
                return True
            if org in (row.org_a, row.org_b):
                return True
        if role in ("enterprise_admin", "enterprise_staff") and row.responsible == org:
            return True
    return False


def person(session: Session, grants: list[tuple[str, str]], active: bool) -> User:
    user = User(
        id="me", username="me", name="me", org_id=ORGS[0], fs_uniquifier="me", active=active,
        created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    with session.no_autoflush:
        for role, org in grants:
            user.grants.append(Grant(role=role, org_id=org, organisation=session.get_one(Organisation, org)))
    session.expunge_all()
    return user


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(ROWS, max_size=8), grants=ROLE_SETS, active=st.booleans())
def test_what_is_visible_is_what_the_rule_in_words_says(
    city: Session, rows: list[Row], grants: list[tuple[str, str]], active: bool
) -> None:
    city.rollback()
    stored = {new_id(): row for row in rows}
    if stored:
        city.execute(sa.insert(_TABLE), [{"id": key, **vars(row)} for key, row in stored.items()])
    user = person(city, grants, active)
    seen = set(city.scalars(visible(sa.select(Thing.id), Thing, user)))
    city.rollback()
    assert seen == {key for key, row in stored.items() if rule_in_words(row, grants, active)}


@given(ROLE_SETS)
def test_a_model_that_declares_no_scope_shows_nothing(city: Session, grants: list[tuple[str, str]]) -> None:
    user = person(city, grants, True)
    assert city.scalars(visible(sa.select(Organisation.id), Organisation, user)).all() == []


digits = st.text("0123456789", min_size=12, max_size=12)


@given(digits, digits)
def test_an_area_contains_what_begins_like_it(area: str, code: str) -> None:
    prefix = region_prefix(area)
    expected = prefix is not None and region_prefix(code) is not None and code.startswith(prefix)
    assert contains(area, code) == expected


@pytest.mark.parametrize(
    "nowhere", [None, "", "000000000000", "99018100000", "9901810000000", "99018100000x", "１２３４５６７８９０１２"]
)
def test_what_is_no_code_is_an_area_of_nothing(city: Session, nowhere: str | None) -> None:
    assert region_prefix(nowhere) is None
    assert not contains(nowhere, CITY)
