"""What pickers and programs are told about people, organisations, regions and sectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.cast import org_id

SignIn = Callable[[str], FlaskClient]


def get(browser: FlaskClient, path: str) -> Any:
    answer = browser.get("/api/v1" + path)
    assert answer.status_code == 200, answer.text
    return answer.json


def names(browser: FlaskClient, path: str) -> set[str]:
    return {row["name"] for row in get(browser, path + ("&" if "?" in path else "?") + "per_page=200")}


def test_me_with_my_roles(sign_in: SignIn) -> None:
    me = get(sign_in("gao"), "/users/me")
    assert me["name"] == "高原" and "dept_admin" in str(me)


@pytest.mark.parametrize(
    ("key", "known", "unknown"),
    [
        ("wang", {"鑫源纺织有限公司", "宏达铸件有限公司", "龙湾镇人民政府"}, set()),
        ("zhao", {"鑫源纺织有限公司", "宏达铸件有限公司", "新港街道办事处"}, set()),
        ("sun", {"鑫源纺织有限公司", "望海市应急管理局", "龙湾镇人民政府"}, {"宏达铸件有限公司"}),
        ("zhou", {"鑫源纺织有限公司"}, {"宏达铸件有限公司", "望海市应急管理局"}),
        ("qin", {"望海市应急管理局"}, {"鑫源纺织有限公司"}),
        ("root", {"鑫源纺织有限公司", "望海市人民政府"}, set()),
    ],
)
def test_everybody_knows_the_organisations_of_the_own_work(
    sign_in: SignIn, key: str, known: set[str], unknown: set[str]
) -> None:
    found = names(sign_in(key), "/organisations")
    assert known <= found and not unknown & found


def test_people_follow_their_organisations(sign_in: SignIn) -> None:
    assert names(sign_in("zhou"), "/people") == {"周敏", "吴涛"}
    assert names(sign_in("sun"), "/people?q=陈") == set()
    assert names(sign_in("zhao"), "/people?q=陈") == {"陈立新"}


def test_people_are_found_by_role_with_those_who_include_it(sign_in: SignIn) -> None:
    found = names(sign_in("wang"), f"/people?role=dept_staff&org_id={org_id('emergency')}")
    assert found == {"高原", "赵明远", "刘洋"}
    wrong = sign_in("wang").get("/api/v1/people?role=king")
    assert wrong.status_code == 422 and wrong.json and "role" in wrong.json["errors"]


def test_lists_are_paged_and_counted(sign_in: SignIn) -> None:
    answer = sign_in("wang").get("/api/v1/people?per_page=5&page=2")
    assert len(answer.json or []) == 5
    assert int(answer.headers["X-Total-Count"]) > 10
    assert sign_in("wang").get("/api/v1/people?per_page=0").status_code == 422


def test_names_come_in_the_callers_language(sign_in: SignIn) -> None:
    browser = sign_in("wang")
    assert {"code": "GAS", "name": "城乡燃气"}.items() <= next(
        s for s in get(browser, "/sectors") if s["code"] == "GAS"
    ).items()
    browser.set_cookie("lang", "en")
    assert "Urban and rural gas" in str(get(browser, "/sectors"))
    browser.delete_cookie("lang")


@pytest.mark.parametrize("path", ["/users/me", "/people", "/organisations", "/regions", "/sectors"])
def test_strangers_are_told_to_sign_in(anonymous: FlaskClient, path: str) -> None:
    refused = anonymous.get("/api/v1" + path)
    assert refused.status_code == 401
    assert refused.content_type == "application/problem+json"
