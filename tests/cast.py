"""The named people of the tests: a small city with one of each kind, and neighbours who must see nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.models import (
    Grant,
    Organisation,
    OrganisationSector,
    Region,
    Sector,
    User,
)
from app.clock import SHANGHAI

# Thursday, a work day, in office hours; the instant of the design's mocks.
START = dt.datetime(2026, 4, 9, 14, 20, tzinfo=SHANGHAI)

CITY, XINGANG, LONGWAN = "990181000000", "990181101000", "990181102000"
REGIONS = (
    (CITY, "望海市", "city", None),
    (XINGANG, "新港街道", "town", CITY),
    ("990181101201", "渔港社区", "village", XINGANG),
    (LONGWAN, "龙湾镇", "town", CITY),
    ("990181102201", "李家村", "village", LONGWAN),
)
ORGS = (  # key, name, short name, kind, region
    ("gov", "望海市人民政府", "市政府", "city_gov", CITY),
    ("awb", "望海市安全生产委员会办公室", "市安委办", "awc_office", CITY),
    ("emergency", "望海市应急管理局", "应急局", "sector_dept", CITY),
    ("housing", "望海市住房和城乡建设局", "住建局", "sector_dept", CITY),
    ("xingang", "新港街道办事处", "新港街道", "town", XINGANG),
    ("longwan", "龙湾镇人民政府", "龙湾镇", "town", LONGWAN),
    ("xinyuan", "鑫源纺织有限公司", "鑫源纺织", "enterprise", "990181101201"),
    ("hongda", "宏达铸件有限公司", "宏达铸件", "enterprise", "990181102201"),
    ("experts", "望海市安全生产专家组", "专家组", "expert_body", CITY),
)
SECTORS = (  # code, name, English, lead organisation
    ("INDUSTRY", "工贸", "Industry and trade", "emergency"),
    ("CHEM", "危险化学品", "Hazardous chemicals", "emergency"),
    ("CONSTRUCTION", "建筑施工", "Construction", "housing"),
    ("GAS", "城乡燃气", "Urban and rural gas", "housing"),
)
PEOPLE = (  # key, name, organisation, roles
    ("lin", "林海峰", "gov", ("leader",)),
    ("wang", "王建国", "awb", ("coordinator",)),
    ("gao", "高原", "emergency", ("dept_admin",)),
    ("zhao", "赵明远", "emergency", ("dept_staff",)),
    ("liu", "刘洋", "emergency", ("officer",)),
    ("deng", "邓超", "housing", ("dept_staff",)),
    ("ma", "马会", "xingang", ("town_admin",)),
    ("sun", "孙强", "xingang", ("town_staff",)),
    ("he", "何军", "longwan", ("town_staff",)),
    ("zhou", "周敏", "xinyuan", ("enterprise_admin",)),
    ("wu", "吴涛", "xinyuan", ("enterprise_staff",)),
    ("chen", "陈立新", "hongda", ("enterprise_admin",)),
    ("qin", "秦川", "experts", ("expert",)),
    ("root", "系统管理员", "awb", ("admin",)),
    ("shen", "安全管理员", "awb", ("security_admin",)),
    ("cha", "审计管理员", "awb", ("audit_admin",)),
)


@dataclass(frozen=True)
class Member:
    """One of the cast, by the ids that the database gave."""

    key: str
    id: str
    name: str
    org_id: str
    fs_uniquifier: str


def fixed_id(word: str) -> str:
    """A stable 32-character id, so that a test reads the same on every run."""
    return word.encode().hex().ljust(32, "0")[:32]


def people_the_city(session: Session, password_hash: str | None = None) -> None:
    """Write regions, organisations, sectors and people; commits nothing."""
    now = START.astimezone(dt.UTC) - dt.timedelta(days=365)
    for code, name, level, parent in REGIONS:
        session.add(Region(code=code, name=name, level=level, parent_code=parent))
        session.flush()
    for key, name, short, kind, region in ORGS:
        session.add(
            Organisation(
                id=fixed_id(f"org-{key}"),
                code=key,
                name=name,
                short_name=short,
                kind=kind,
                region_code=region,
            )
        )
    session.flush()
    for position, (code, name, english, lead) in enumerate(SECTORS):
        org = fixed_id(f"org-{lead}")
        session.add(
            Sector(
                code=code,
                name=name,
                name_en=english,
                position=position,
                lead_org_id=org,
            )
        )
        session.flush()
        session.add(OrganisationSector(org_id=org, sector_code=code))
    for key, name, org, roles in PEOPLE:
        user = User(
            id=fixed_id(key),
            username=key,
            name=name,
            org_id=fixed_id(f"org-{org}"),
            fs_uniquifier=fixed_id(f"fs-{key}"),
            password=password_hash,
            created_at=now,
        )
        user.grants = [Grant(role=role, org_id=user.org_id) for role in roles]
        session.add(user)
    session.flush()


def member(key: str) -> Member:
    name, org = next((name, org) for k, name, org, _roles in PEOPLE if k == key)
    return Member(key, fixed_id(key), name, fixed_id(f"org-{org}"), fixed_id(f"fs-{key}"))


def org_id(key: str) -> str:
    return fixed_id(f"org-{key}")
