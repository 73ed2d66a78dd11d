"""Giving and taking roles: by the security administrator, and staff roles by heads in their own organisation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import ROLES, separation_problem
from app.accounts.models import SEPARATED
from tests.accounts.people import last_acts, user
from tests.cast import member, org_id

SignIn = Callable[[str], FlaskClient]


def grant(browser: FlaskClient, key: str, role: str, org: str):  # type: ignore[no-untyped-def]
    return browser.post(f"/admin/users/{member(key).id}/grants", data={"role": role, "org_id": org_id(org)})


def withdraw(browser: FlaskClient, key: str, role: str, org: str):  # type: ignore[no-untyped-def]
    return browser.post(f"/admin/users/{member(key).id}/grants/{role}/{org_id(org)}/revocation")


def roles(session: Session, key: str) -> set[str]:
    return {grant.role for grant in user(session, key).grants}


def test_a_role_is_given_and_taken_and_both_are_recorded(sign_in: SignIn, session: Session) -> None:
    shen = sign_in("shen")
    assert grant(shen, "zhao", "officer", "emergency").status_code == 303
    assert roles(session, "zhao") == {"dept_staff", "officer"}
    assert last_acts(session) == [("安全管理员", "users.role_granted", member("zhao").id)]
    session.rollback()
    assert withdraw(shen, "zhao", "officer", "emergency").status_code == 303
    assert roles(session, "zhao") == {"dept_staff"}


def test_a_role_held_already_is_a_conflict_and_one_not_held_is_not_found(sign_in: SignIn) -> None:
    shen = sign_in("shen")
    again = grant(shen, "zhao", "dept_staff", "emergency")
    assert again.status_code == 409 and "已有这项角色" in again.text
    assert withdraw(shen, "zhao", "leader", "gov").status_code == 404


@pytest.mark.parametrize("key", ["root", "zhao", "cha", "lin"])
def test_others_grant_nothing_not_even_the_system_administrator(sign_in: SignIn, session: Session, key: str) -> None:
    assert grant(sign_in(key), "deng", "dept_admin", "housing").status_code == 403
    assert roles(session, "deng") == {"dept_staff"}


def test_nobody_grants_to_themselves(sign_in: SignIn, session: Session) -> None:
    assert grant(sign_in("shen"), "shen", "leader", "gov").status_code == 403
    assert grant(sign_in("gao"), "gao", "officer", "emergency").status_code == 403
    assert roles(session, "shen") == {"security_admin"}


def test_a_head_grants_staff_roles_in_the_own_organisation_and_no_more(sign_in: SignIn, session: Session) -> None:
    gao = sign_in("gao")
    assert grant(gao, "zhao", "officer", "emergency").status_code == 303
    assert grant(gao, "zhao", "dept_admin", "emergency").status_code == 403
    assert grant(gao, "zhao", "dept_staff", "housing").status_code == 403
    assert grant(gao, "deng", "officer", "housing").status_code == 404
    assert withdraw(gao, "zhao", "officer", "emergency").status_code == 303


def test_the_three_administrators_are_three_people_without_business(sign_in: SignIn, session: Session) -> None:
    shen = sign_in("shen")
    for key, role, org in (("root", "audit_admin", "awb"), ("root", "coordinator", "awb"), ("wang", "admin", "awb")):
        refused = grant(shen, key, role, org)
        assert refused.status_code == 422 and "兼任" in refused.text
    assert roles(session, "root") == {"admin"}


def test_a_role_must_fit_the_organisation(sign_in: SignIn) -> None:
    refused = grant(sign_in("shen"), "zhou", "leader", "xinyuan")
    assert refused.status_code == 422 and "不适用于该类单位" in refused.text


def test_the_last_system_administrator_keeps_the_role(sign_in: SignIn, session: Session) -> None:
    refused = withdraw(sign_in("shen"), "root", "admin", "awb")
    assert refused.status_code == 409 and "最后一名" in refused.text
    assert roles(session, "root") == {"admin"}


@pytest.mark.parametrize("first", ROLES)
@pytest.mark.parametrize("second", ROLES)
def test_separation_of_duties_for_every_pair_of_roles(first: str, second: str) -> None:
    forbidden = first != second and (first in SEPARATED or second in SEPARATED)
    assert bool(separation_problem([first, second])) == forbidden
