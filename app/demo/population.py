"""Writes places, offices, people and enterprises of the demo city: 120 accounts, 40 enterprises."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import Flask
from flask_security import hash_password
from sqlalchemy.orm import Session

from app import subjects
from app.accounts import Grant, Organisation, OrganisationSector, Region, Sector, User
from app.audit import SYSTEM, Actor, record
from app.db import write_transaction
from app.demo import enterprises as invented
from app.demo.offices import (
    CITY,
    CITY_OFFICES,
    EXPERTS,
    GIVEN,
    NAMED,
    PASSWORD,
    SECTORS,
    SURNAMES,
    TOWN_OFFICES,
    TOWNS,
    UNLED,
    VILLAGE,
    Office,
    town_code,
    village_code,
)

ENTERPRISES = 40


@dataclass
class Population:
    """Who and what was written, for the play."""

    orgs: dict[str, str] = field(default_factory=dict)  # office code → id
    people: dict[str, Actor] = field(default_factory=dict)  # user name → actor
    subjects: list[tuple[str, invented.Enterprise]] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(20260409))  # the same city every time


def populate(app: Flask, now: dt.datetime, *, size: int) -> Population:
    population = Population()
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        _places(session)
        _offices(session, population)
        hashed = hash_password(PASSWORD)
        firms = list(invented.enterprises(ENTERPRISES * size))
        _firm_offices(session, population, firms)
        for person in _people(population, firms):
            _write_person(session, population, person, hashed, now)
        session.flush()
        _subjects(session, population, firms, now)
        record(session, now, SYSTEM, "demo.built", "city", CITY[0], people=len(population.people))
    return population


def _places(session: Session) -> None:
    code, name, english = CITY
    session.add(Region(code=code, name=name, name_en=english, level="city", parent_code=None))
    session.flush()
    for index, (town, english, villages) in enumerate(TOWNS):
        session.add(Region(code=town_code(index), name=town, name_en=english, level="town", parent_code=code))
        session.flush()
        for number, village in enumerate(villages):
            session.add(
                Region(
                    code=village_code(index, number),
                    name=village,
                    name_en=_english(village),
                    level="village",
                    parent_code=town_code(index),
                )
            )
    session.flush()


def _english(name: str) -> str:
    """渔港社区 → Yugang Community"""
    stem, kind = (name[:-2], "Community") if name.endswith("社区") else (name[:-1], "Village")
    return f"{_letters(stem).capitalize()} {kind}"


def _letters(text: str) -> str:
    return subjects.sound(text)


def _offices(session: Session, population: Population) -> None:
    for office in (*CITY_OFFICES, *TOWN_OFFICES, VILLAGE, EXPERTS):
        _write_office(session, population, office)
    for position, (code, name, english, lead) in enumerate(SECTORS):
        session.add(Sector(code=code, name=name, name_en=english, position=position, lead_org_id=population.orgs[lead]))
    code, name, english = UNLED
    session.add(Sector(code=code, name=name, name_en=english, position=len(SECTORS)))
    session.flush()
    for office in CITY_OFFICES:
        for sector in office.sectors:
            session.add(OrganisationSector(org_id=population.orgs[office.code], sector_code=sector))
    session.flush()


def _write_office(session: Session, population: Population, office: Office) -> None:
    row = Organisation(
        code=office.code,
        name=office.name,
        short_name=office.short,
        name_en=office.name_en,
        kind=office.kind,
        region_code=office.region,
        has_penalty_power=office.penalties,
        doc_prefix=office.prefix,
    )
    session.add(row)
    session.flush()
    population.orgs[office.code] = row.id


def _firm_offices(session: Session, population: Population, firms: Sequence[invented.Enterprise]) -> None:
    for firm in firms:
        if firm.with_account:
            english = f"Wanghai {_letters(firm.short).capitalize()} Co., Ltd."
            office = Office(f"firm{firm.index + 1:04d}", firm.name, firm.short, english, "enterprise", firm.region)
            _write_office(session, population, office)


Person = tuple[str, str, str, str, tuple[str, ...]]


def _people(population: Population, firms: Sequence[invented.Enterprise]) -> Iterator[Person]:
    """Named people first; then a head, staff and two officers per department, a head and a clerk per town.

    Every one of the 16 roles has somebody, so that an outside program can drive each.
    """
    names = _names(population.chance)
    taken = {person[0] for person in NAMED}
    yield from NAMED

    def someone(office: str, post: str, *roles: str) -> Person:
        name = next(names)
        username = base = _letters(name)
        number = 1
        while username in taken:
            number += 1
            username = f"{base}{number}"
        taken.add(username)
        return username, name, office, post, roles

    for office in CITY_OFFICES[2:]:
        yield someone(office.code, "局长" if office.short.endswith("局") else "大队长", "dept_admin")
        yield someone(office.code, "科员", "dept_staff")
        yield someone(office.code, "执法人员", "officer")
        yield someone(office.code, "执法人员", "officer")
    for office in TOWN_OFFICES:
        yield someone(office.code, "分管负责人", "town_admin")
        yield someone(office.code, "应急办科员", "town_staff")
    for _one in range(4):
        yield someone(EXPERTS.code, "高级工程师", "expert")
    for firm in firms:
        if firm.with_account:
            office_code = f"firm{firm.index + 1:04d}"
            if firm.index == 0:
                taken.add("zhoumin")
                yield ("zhoumin", "周敏", office_code, "安全总监", ("enterprise_admin",))
            else:
                yield someone(office_code, "安全管理员", "enterprise_admin")
            if firm.index < 3:
                yield someone(office_code, "车间安全员", "enterprise_staff")


def _names(chance: random.Random) -> Iterator[str]:
    """Every combination once, in an order that looks like a city."""
    pairs = [surname + given for surname in SURNAMES for given in GIVEN]
    chance.shuffle(pairs)
    return iter(pairs)


def _write_person(session: Session, population: Population, person: Person, hashed: str, now: dt.datetime) -> None:
    username, name, office, post, roles = person
    number = len(population.people) + 1
    org_id = population.orgs[office]
    row = User(
        username=username,
        name=name,
        org_id=org_id,
        title=post,
        phone=f"1380000{number:04d}",
        cert_no=f"99{number:07d}" if "officer" in roles else "",
        password=hashed,
        created_at=now,
    )
    row.grants = [Grant(role=role, org_id=org_id) for role in roles]
    session.add(row)
    session.flush()
    short = session.scalar(sa.select(Organisation.short_name).where(Organisation.id == org_id)) or ""
    population.people[username] = Actor(row.id, name, org_id, short)
    record(session, now, SYSTEM, "users.created", "user", row.id, username=username, roles=list(roles))


def _subjects(session: Session, population: Population, firms: Sequence[invented.Enterprise], now: dt.datetime) -> None:
    """Entered by the committee office, as it does: enterprises through the same operation as any form."""
    clerk = population.people["wangjianguo"]
    user = session.get(User, clerk.id)
    schema = subjects.SubjectIn()
    for firm in firms:
        org_id = population.orgs.get(f"firm{firm.index + 1:04d}") if firm.with_account else None
        data = schema.load(
            {
                "type": "enterprise",
                "name": firm.name,
                "id_type": "uscc",
                "id_no": firm.code,
                "region_code": firm.region,
                "address": f"{TOWNS[firm.town][0]}工业路 {firm.index % 90 + 1} 号",
                "sector_code": firm.sector,
                "industry_code": firm.industry,
                "category": firm.category,
                "is_key": firm.key,
                "is_above_scale": firm.index % 3 == 0,
                "is_high_risk": firm.high_risk,
                "manager_name": f"{SURNAMES[firm.index % len(SURNAMES)]}总",
                "manager_phone": f"1390000{firm.index + 1:04d}",
                "safety_officer": "周敏" if firm.index == 0 else f"{SURNAMES[(firm.index * 7) % len(SURNAMES)]}工",
                "safety_phone": f"1370000{firm.index + 1:04d}",
                "org_id": org_id or "",
            }
        )
        subject = subjects.create(session, data, user=user, by=clerk, now=now)
        population.subjects.append((subject.id, firm))
