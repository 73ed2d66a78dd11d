from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Region, Sector, like, scope_condition, visible, within
from app.errors import NotFound
from app.subjects.models import Subject
from app.subjects.names import code_key, name_key

MARKS = {
    "key": Subject.is_key,
    "above_scale": Subject.is_above_scale,
    "high_risk": Subject.is_high_risk,
}
SORTS = {
    "name": Subject.name_key,
    "updated_at": Subject.updated_at,
    "created_at": Subject.created_at,
}


def subjects(user: Any, filters: Mapping[str, str], sort: str | None = None) -> sa.Select[Any]:
    """The subjects a person may see, narrowed by the list's filters."""
    select = visible(sa.select(Subject), Subject, user).where(*_conditions(filters))
    return select.order_by(*_order(sort), Subject.id)


def _order(sort: str | None) -> list[Any]:
    column = SORTS.get((sort or "name").lstrip("-"), Subject.name_key)
    return [column.desc() if sort and sort.startswith("-") else column]


def _conditions(filters: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if q := name_key(filters.get("q", "")):
        found.append(_contains(q))
    for name in ("type", "status"):
        if filters.get(name):
            found.append(getattr(Subject, name) == filters[name])
    if filters.get("sector"):
        found.append(Subject.sector_code == filters["sector"])
    if filters.get("town"):
        found.append(within(Subject.region_code, filters["town"]))
    if filters.get("mark") in MARKS:
        found.append(MARKS[filters["mark"]].is_(True))
    return found


def _contains(key: str) -> sa.ColumnElement[bool]:
    """Name, number, pinyin or initials contain the text.

    A scan by LIKE: for 10,000 subjects a few milliseconds on SQLite, and it finds two-character names, which
    trigram indexes do not. A bigram table becomes worthwhile beyond some 100,000 rows.
    """
    return Subject.search_text.like(like(key), escape="\\")


def mark_counts(session: Session, user: Any, filters: Mapping[str, str]) -> dict[str, int]:
    """How many subjects each mark has under the other filters, scoped like the list itself. "" counts all."""
    others = {name: value for name, value in filters.items() if name != "mark"}
    counted = [sa.func.count()] + [sa.func.coalesce(sa.func.sum(sa.cast(c, sa.Integer)), 0) for c in MARKS.values()]
    row = session.execute(sa.select(*counted).where(scope_condition(Subject, user), *_conditions(others))).one()
    return dict(zip(["", *MARKS], row, strict=True))


def facet_counts(session: Session, user: Any, filters: Mapping[str, str], facet: str) -> dict[str, int]:
    """How many subjects each type or sector has under the other filters."""
    column = {"type": Subject.type, "sector": Subject.sector_code}[facet]
    others = {name: value for name, value in filters.items() if name != facet}
    seen = sa.select(column, sa.func.count()).where(scope_condition(Subject, user), *_conditions(others))
    select = seen.group_by(column)
    return {str(key): int(count) for key, count in session.execute(select)}


def get(session: Session, subject_id: str, user: Any) -> Subject:
    """The subject, if the person may see it; else NotFound."""
    found = session.scalar(visible(sa.select(Subject).where(Subject.id == subject_id), Subject, user))
    if found is None:
        raise NotFound()
    return found


def find(session: Session, user: Any, q: str, limit: int = 20) -> list[Subject]:
    """Subjects for a picker: active, by part of name, number, pinyin or initials."""
    select = subjects(user, {"q": q}).where(Subject.status != "closed")
    return list(session.scalars(select.limit(limit)))


def options(session: Session, user: Any, q: str) -> list[tuple[str, str]]:
    """For the field kind `subject` of forms: (id, name　number)."""
    return [(s.id, f"{s.name}　{s.id_no}" if s.id_no else s.name) for s in find(session, user, q)]


def name_of(session: Session, subject_id: str) -> str:
    subject = session.get(Subject, subject_id)
    return subject.name if subject else ""


def may_pick(session: Session, user: Any, subject_id: str) -> bool:
    """Whether the person may see the subject and it is still supervised."""
    select = sa.select(Subject.id).where(Subject.id == subject_id, Subject.status != "closed")
    return session.scalar(visible(select, Subject, user)) is not None


def match(
    session: Session,
    *,
    credit_code: object = None,
    name: object = None,
    region: str | None = None,
    user: Any = None,
) -> Subject | None:
    """The one subject that a ledger row means: by credit code, else by name, in a region if that is given.

    None where nothing or more than one fits: a hazard must not go to the wrong enterprise. With `user` only
    among the subjects this person may see.
    """
    select = sa.select(Subject) if user is None else visible(sa.select(Subject), Subject, user)
    if key := code_key(credit_code):
        found = session.scalars(select.where(Subject.id_no == key).limit(2)).all()
        return found[0] if len(found) == 1 else None
    if not (key := name_key(name)):
        return None
    candidates = session.scalars(select.where(Subject.name_key == key)).all()
    if region and len(candidates) > 1:
        inside = session.scalars(select.where(Subject.name_key == key, within(Subject.region_code, region))).all()
        candidates = inside or candidates
    return candidates[0] if len(candidates) == 1 else None


def names_of(session: Session, rows: list[Subject]) -> dict[str, dict[str, Any]]:
    """Regions, sectors and organisations that the rows name, for a page: {"region": {code: Region}, …}."""
    regions = {row.region_code for row in rows} | {row.region_code[:9] + "000" for row in rows}
    orgs = {o for row in rows for o in (row.org_id, row.supervising_org_id, row.town_org_id) if o}
    return {
        "region": {r.code: r for r in session.scalars(sa.select(Region).where(Region.code.in_(regions)))},
        "sector": {s.code: s for s in session.scalars(sa.select(Sector))},
        "org": {o.id: o for o in session.scalars(sa.select(Organisation).where(Organisation.id.in_(orgs)))},
    }
