"""What the tests of subjects share: a valid entry, and entering it."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.cast import org_id

CODE = "91350211M000100Y46"  # a valid unified social credit code


def entry(name: str = "海鑫水产加工有限公司", **more: Any) -> dict[str, Any]:
    return {
        "type": "enterprise",
        "name": name,
        "region_code": "990181101201",
        "sector_code": "INDUSTRY",
        "address": "渔港路 1 号",
        "manager_name": "周敏",
        "manager_phone": "138 0000 0001",
        **more,
    }


def enter(browser: FlaskClient, name: str = "海鑫水产加工有限公司", **more: Any) -> str:
    answer = browser.post("/api/v1/subjects", json=entry(name, **more))
    assert answer.status_code == 201, answer.text
    subject_id: str = answer.json["id"]  # type: ignore[index]
    return subject_id


def for_two_towns(browser: FlaskClient) -> dict[str, str]:
    """One subject in each of two towns, and one of another sector: name → id."""
    return {
        "新港机械": enter(browser, "新港机械", supervising_org_id=org_id("emergency")),
        "龙湾铸造": enter(browser, "龙湾铸造", region_code="990181102201"),
        "龙湾燃气站": enter(browser, "龙湾燃气站", region_code="990181102201", sector_code="GAS", type="retail_point"),
    }
