"""The subjects a ledger names, found many at a time, and whether a person may enter hazards there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import OrganisationSector, User, contains, scope_condition
from app.subjects import Subject, name_key

EDITORS = ("coordinator", "dept_staff", "town_staff")
_CHUNK = 500
_SUGGESTED = 200  # unknown names for which a nearest one is sought: it looks at every subject
_LEGAL_FORM = re.compile(r"(股份|有限|责任|公司|集团|厂|店|经营部|个体工商户|\(.*?\)|（.*?）)+$")
_SAME_ENOUGH = 0.75


class Roster:
    """Subjects by number and by name, as `subjects.match` finds them one at a time: within what the person may see."""

    def __init__(self, session: Session, user: User | None, codes: Iterable[str], names: Iterable[str]) -> None:
        self._session, self._user = session, user
        self.by_code: dict[str, Subject] = {}
        self.by_name: dict[str, list[Subject]] = {}
        self.taken: set[str] = set()  # numbers registered anywhere, seen or not
        self._names: dict[str, str] | None = None
        self._nearest: dict[str, str] = {}
        for chunk in _chunks({code for code in codes if code}):
            of_number = Subject.id_no.in_(chunk)
            self.by_code |= {str(s.id_no): s for s in session.scalars(sa.select(Subject).where(self._seen, of_number))}
            self.taken |= {str(number) for number in session.scalars(sa.select(Subject.id_no).where(of_number))}
        for chunk in _chunks({key for key in map(name_key, names) if key}):
            for found in session.scalars(sa.select(Subject).where(self._seen, Subject.name_key.in_(chunk))):
                self.by_name.setdefault(found.name_key, []).append(found)

    @property
    def _seen(self) -> sa.ColumnElement[bool]:
        return sa.true() if self._user is None else scope_condition(Subject, self._user)

    def named(self, name: str, region: str) -> list[Subject]:
        """Subjects of this name: those of the region where it decides between several."""
        found = self.by_name.get(name_key(name), [])
        inside = [s for s in found if region and contains(region[:9] + "000", s.region_code)]
        return (inside or found) if len(found) > 1 else found

    def nearest(self, name: str) -> str:
        """The registered name that may have been meant, or ""."""
        key = name_key(name)
        if key not in self._nearest and len(self._nearest) < _SUGGESTED:
            if self._names is None:
                rows = self._session.execute(sa.select(Subject.name_key, Subject.name).where(self._seen))
                self._names = {row.name_key: row.name for row in rows}
            close = difflib.get_close_matches(key, self._names, 1, 0.6)
            self._nearest[key] = self._names[close[0]] if close else ""
        return self._nearest.get(key, "")


def same_name(one: str, other: str) -> bool:
    """Whether two spellings may mean one enterprise: with or without the place before it or the legal form behind."""
    a, b = name_key(one), name_key(other)
    if a == b or a in b or b in a:
        return True
    a, b = _LEGAL_FORM.sub("", a) or a, _LEGAL_FORM.sub("", b) or b
    return a in b or b in a or difflib.SequenceMatcher(None, a, b).ratio() >= _SAME_ENOUGH


class Remit:
    """Where a person may enter hazards: the area of a town, the sectors and charge of a department, the city."""

    def __init__(self, session: Session, user: User | None) -> None:
        self._everywhere = user is None
        grants = [grant for grant in user.grants if any(grant.includes(role) for role in EDITORS)] if user else []
        departments = {grant.org_id for grant in grants if grant.includes("dept_staff")}
        self._orgs = departments
        self._areas = [g.organisation.region_code for g in grants if not g.includes("dept_staff")]
        held = sa.select(OrganisationSector.sector_code).where(OrganisationSector.org_id.in_(departments))
        self._sectors = set(session.scalars(held))

    def covers(self, region: str, sector: str, supervising_org_id: str | None) -> bool:
        return (
            self._everywhere
            or sector in self._sectors
            or (supervising_org_id or "") in self._orgs
            or any(contains(area, region) for area in self._areas)
        )


def _chunks(values: set[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    return (ordered[start : start + _CHUNK] for start in range(0, len(ordered), _CHUNK))
