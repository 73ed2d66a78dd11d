"""Towns, villages, sectors and departments as ledgers name them: found by any of their usual names, or the nearest."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Region, Sector
from app.subjects import name_key, sound

_TOWN_ENDS = re.compile(r"(人民政府|办事处|街道办|街办|管委会|管理委员会)$")
_LEVEL_ENDS = re.compile(r"(街道|镇|乡|开发区|园区|办事处)$")
_VILLAGE_ENDS = re.compile(r"(村民委员会|居民委员会|村委会|居委会|村委|居委|社区|村|居)$")
_SECTOR_ENDS = re.compile(r"(行业领域|行业|领域|类|企业|安全生产|安全)$")
_NEAR_ENOUGH = 0.5
_PUBLIC = ("sector_dept", "town", "awc_office", "city_gov")


@dataclass
class Names:
    """A dictionary: normal form → code. A form that means two things means nothing."""

    codes: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    _ambiguous: set[str] = field(default_factory=set)

    def add(self, code: str, shown: str, forms: Iterable[str]) -> None:
        self.shown[code] = shown
        for form in {name_key(form) for form in forms} - {""}:
            if self.codes.setdefault(form, code) != code:
                self._ambiguous.add(form)

    def find(self, *forms: str) -> str | None:
        """The code that the first known form means."""
        for form in map(name_key, forms):
            if form in self.codes and form not in self._ambiguous:
                return self.codes[form]
        return None

    def nearest(self, text: str) -> str:
        """The name that may have been meant: by characters, or by sound (a slip of the input method); "" for none."""
        key = name_key(text)
        spoken = sound(key)
        best, found = _NEAR_ENOUGH, ""
        for form, code in self.codes.items():
            by_shape = difflib.SequenceMatcher(None, key, form).ratio()
            by_sound = difflib.SequenceMatcher(None, spoken, sound(form)).ratio() - 0.15
            if (score := max(by_shape, by_sound)) > best:
                best, found = score, self.shown[code]
        return found


@dataclass
class Places:
    """The city's dictionaries, read once for a whole ledger."""

    towns: Names
    villages: Mapping[str, Names]  # by town code
    sectors: Names
    departments: Names
    leads: Mapping[str, str | None]  # sector → lead organisation
    areas: Mapping[str, str]  # region code → name

    def town(self, text: str) -> str | None:
        short = _TOWN_ENDS.sub("", name_key(text))
        return self.towns.find(text, short, _LEVEL_ENDS.sub("", short))

    def village(self, town: str, text: str) -> str | None:
        names = self.villages.get(town, Names())
        return names.find(text, _VILLAGE_ENDS.sub("", name_key(text)))

    def town_and_village(self, text: str) -> str | None:
        """“龙湾镇李家村” in one cell: the village, else the town it begins with."""
        key = name_key(text)
        for form, code in sorted(self.towns.codes.items(), key=lambda item: -len(item[0])):
            if len(form) > 1 and key.startswith(form) and self.towns.find(form):
                rest = re.sub(r"^(街道|镇|乡)", "", key[len(form) :])
                return (self.village(code, rest) if rest else None) or code
        return None

    def sector(self, text: str) -> str | None:
        short = _SECTOR_ENDS.sub("", name_key(text))
        return self.sectors.find(text, short) or self._sector_within(short)

    def _sector_within(self, short: str) -> str | None:
        """“工贸（纺织）” or “危化”: the one sector whose name holds the text, is held by it, or is shortened to it."""
        if len(short) < 2:
            return None
        forms = [(form, code) for form, code in self.sectors.codes.items() if len(form) > 1]
        held = {code for form, code in forms if form in short or short in form}
        found = held or {code for form, code in forms if _shortened(form, short)}
        return found.pop() if len(found) == 1 else None

    def department(self, text: str) -> str | None:
        return self.departments.find(text, re.sub(r"^(市|本市|区|县)", "", name_key(text)))

    def area_name(self, code: str) -> str:
        return self.areas.get(code, self.areas.get(code[:9] + "000", code))


def _shortened(name: str, short: str) -> bool:
    """Whether the text is the name with characters left out, as people abbreviate: 危化 of 危险化学品."""
    rest = iter(name)
    return name[0] == short[0] and all(character in rest for character in short)


def read_places(session: Session) -> Places:
    regions = list(session.scalars(sa.select(Region)))
    orgs = list(session.scalars(sa.select(Organisation).where(Organisation.active, Organisation.kind.in_(_PUBLIC))))
    sectors = list(session.scalars(sa.select(Sector).where(Sector.active)))
    return Places(
        towns=_towns(regions, orgs),
        villages=_villages(regions),
        sectors=_sectors(sectors),
        departments=_departments(orgs, [region.name for region in regions if region.level == "city"]),
        leads={sector.code: sector.lead_org_id for sector in sectors},
        areas={region.code: region.name for region in regions},
    )


def _towns(regions: list[Region], orgs: list[Organisation]) -> Names:
    names = Names()
    for region in regions:
        if region.level == "town":
            offices = [name for org in orgs if org.region_code == region.code for name in (org.name, org.short_name)]
            forms = [region.code, region.name, region.name_en, _LEVEL_ENDS.sub("", name_key(region.name)), *offices]
            names.add(region.code, region.name, forms)
    return names


def _villages(regions: list[Region]) -> dict[str, Names]:
    found: dict[str, Names] = {}
    for region in regions:
        if region.level == "village":
            names = found.setdefault(region.code[:9] + "000", Names())
            short = _VILLAGE_ENDS.sub("", name_key(region.name))
            names.add(region.code, region.name, [region.code, region.name, region.name_en, short])
    return found


def _sectors(sectors: list[Sector]) -> Names:
    names = Names()
    for sector in sectors:
        short = _SECTOR_ENDS.sub("", name_key(sector.name))
        names.add(sector.code, sector.name, [sector.code, sector.name, sector.name_en, short])
    return names


def _departments(orgs: list[Organisation], cities: list[str]) -> Names:
    """Full and short names, with and without the city's name or 市 before them."""
    names = Names()
    for org in orgs:
        forms = [org.id, org.code, org.name, org.name_en, org.short_name]
        for city in cities:
            forms += [org.name.removeprefix(city), org.name.removeprefix(city.removesuffix("市"))]
        names.add(org.id, org.name, forms)
    return names
