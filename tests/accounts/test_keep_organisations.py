"""Organisations, regions and sectors: kept by the system administrator, looked at by the security administrator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import Organisation, OrganisationSector, Sector
from tests.accounts.people import last_acts
from tests.cast import CITY, XINGANG, org_id

SignIn = Callable[[str], FlaskClient]


def bureau(code: str = "WATER", name: str = "望海市水务局", **more: object) -> dict[str, object]:
    return {"name": name, "short_name": name[-3:], "code": code, "kind": "sector_dept", "region_code": CITY, **more}


def test_an_organisation_is_added_with_its_sectors(sign_in: SignIn, session: Session) -> None:
    answer = sign_in("root").post("/admin/organisations", data=bureau(sectors=["GAS", "CHEM"]))
    assert answer.status_code == 303
    made = session.scalar(sa.select(Organisation).where(Organisation.code == "WATER"))
    assert made is not None and made.active
    held = sa.select(OrganisationSector.sector_code).where(OrganisationSector.org_id == made.id)
    assert set(session.scalars(held)) == {"GAS", "CHEM"}
    assert last_acts(session)[0] == ("系统管理员", "organisations.created", made.id)


def test_code_and_name_are_given_once(sign_in: SignIn) -> None:
    root = sign_in("root")
    assert root.post("/admin/organisations", data=bureau("TWICE", "望海市重复局")).status_code == 303
    again = root.post("/admin/organisations", data=bureau("TWICE", "望海市重复局"))
    assert again.status_code == 422
    assert "代码已被使用" in again.text and "已有同名单位" in again.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("code", "有空 格", "只含字母"),
        ("kind", "circus", "不在可选范围内"),
        ("region_code", "000000000000", "没有这个区划"),
        ("parent_id", "nobody", "上级单位不存在"),
    ],
)
def test_what_is_wrong_is_named(sign_in: SignIn, field: str, value: str, said: str) -> None:
    answer = sign_in("root").post("/admin/organisations", data=bureau("WRONG", "望海市错误局") | {field: value})
    assert answer.status_code == 422 and said in answer.text


def test_an_organisation_cannot_stand_below_itself(sign_in: SignIn, session: Session) -> None:
    emergency = session.get_one(Organisation, org_id("emergency"))
    data = bureau(emergency.code, emergency.name, parent_id=emergency.id)
    answer = sign_in("root").post(f"/admin/organisations/{emergency.id}", data=data)
    assert answer.status_code == 422 and "上级单位不存在" in answer.text


@pytest.mark.parametrize(("key", "status"), [("shen", 403), ("gao", 403), ("zhao", 403)])
def test_others_change_nothing(sign_in: SignIn, session: Session, key: str, status: int) -> None:
    browser = sign_in(key)
    assert browser.post("/admin/organisations", data=bureau("OTHER", "别的局")).status_code == status
    assert browser.post(f"/admin/organisations/{org_id('housing')}/deactivation").status_code == status
    assert browser.get("/admin/organisations").status_code == (200 if key == "shen" else 403)
    assert session.scalar(sa.select(Organisation.id).where(Organisation.code == "OTHER")) is None


def test_an_organisation_with_people_stays_one_without_closes_once(sign_in: SignIn, session: Session) -> None:
    root = sign_in("root")
    full = root.post(f"/admin/organisations/{org_id('housing')}/deactivation")
    assert full.status_code == 409 and "在用账户" in full.text
    root.post("/admin/organisations", data=bureau("EMPTY", "望海市空局"))
    empty = session.scalar(sa.select(Organisation.id).where(Organisation.code == "EMPTY"))
    assert root.post(f"/admin/organisations/{empty}/deactivation").status_code == 303
    assert root.post(f"/admin/organisations/{empty}/deactivation").status_code == 409
    assert root.post(f"/admin/organisations/{empty}/activation").status_code == 303
    assert root.post(f"/admin/organisations/{empty}/activation").status_code == 409


def test_what_does_not_exist_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("root").get("/admin/organisations/nowhere").status_code == 404
    assert sign_in("root").get("/admin/sectors/NONE").status_code == 404


def test_the_region_tree_leads_to_its_organisations(sign_in: SignIn) -> None:
    root = sign_in("root")
    assert "新港街道" in root.get("/admin/regions").text
    listed = root.get(f"/admin/organisations?region={XINGANG}").text
    assert "鑫源纺织" in listed and "宏达铸件" not in listed


def sector(code: str = "MINE", **more: str) -> dict[str, str]:
    return {
        "code": code,
        "name": "矿山",
        "name_en": "Mines",
        "position": "9",
        "lead_org_id": org_id("emergency"),
        **more,
    }


def test_a_new_sector_belongs_to_its_lead_department(sign_in: SignIn, session: Session) -> None:
    assert sign_in("root").post("/admin/sectors", data=sector() | {"active": "true"}).status_code == 303
    assert session.get(OrganisationSector, (org_id("emergency"), "MINE")) is not None
    assert last_acts(session)[0] == ("系统管理员", "sectors.created", "MINE")
    again = sign_in("root").post("/admin/sectors", data=sector() | {"active": "true"})
    assert again.status_code == 422 and "代码已被使用" in again.text


def test_a_sector_in_use_has_a_lead_department_and_one_out_of_use_may_lack_it(
    sign_in: SignIn, session: Session
) -> None:
    """Else what is found there would be addressed to nobody."""
    refused = sign_in("root").post("/admin/sectors", data=sector("NEW", lead_org_id="") | {"active": "true"})
    assert refused.status_code == 422 and "在用的领域须有牵头单位" in refused.text
    assert 'value="矿山"' in refused.text and session.get(Sector, "NEW") is None
    assert sign_in("root").post("/admin/sectors", data=sector("NEW", lead_org_id="")).status_code == 303


def test_the_code_of_a_sector_stays_whatever_is_sent(sign_in: SignIn, session: Session) -> None:
    data = sector("OTHER", name="燃气") | {"active": "true"}
    assert sign_in("root").post("/admin/sectors/GAS", data=data).status_code == 303
    session.expire_all()
    assert session.get_one(Sector, "GAS").name == "燃气" and session.get(Sector, "OTHER") is None


@pytest.mark.parametrize("key", ["shen", "wang", "gao"])
def test_only_the_system_administrator_keeps_sectors(sign_in: SignIn, key: str) -> None:
    browser = sign_in(key)
    assert browser.get("/admin/sectors").status_code == 403
    assert browser.post("/admin/sectors", data=sector("X")).status_code == 403
