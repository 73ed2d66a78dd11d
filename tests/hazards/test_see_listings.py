"""The list of listed hazards, the listing on the hazard's page, the notice: scoped like the hazard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.hazards.listing_walk import Listing, listed
from tests.hazards.walk import Walk, at

SignIn = Callable[[str], FlaskClient]


@pytest.fixture(scope="module")
def stock(city: Walk) -> dict[str, Listing]:
    """One that is listed and late with its filing, and one that was only reported."""
    city.clock.set(at("2026-03-20 09:00"))
    late = listed(city, summary="涉爆粉尘未除尘")
    late.list("2026-04-08")
    city.clock.set(at("2026-04-09 14:20"))
    return {"late": late, "reported": listed(city, summary="液氨储罐安全阀失效")}


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        *((key, True) for key in ("wang", "lin", "zhao", "sun", "zhou")),
        *((key, False) for key in ("he", "deng", "chen", "root")),
    ],
)
def test_whoever_sees_the_hazard_sees_its_listing_and_nobody_else(
    stock: dict[str, Listing], sign_in: SignIn, key: str, seen: bool
) -> None:
    client = sign_in(key)
    page = client.get("/listings").get_data(as_text=True)
    assert (stock["late"].row.number in page) == seen
    notice = client.get(f"/listings/{stock['late'].hazard.id}/notice")
    assert notice.status_code == (200 if seen else 404)
    assert client.get(f"/listings/{stock['reported'].hazard.id}/notice").status_code == 404  # not listed yet


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"late", "reported"}),
        ("status=open", {"late", "reported"}),
        ("status=listed", {"late"}),
        ("overdue=1", {"late"}),
        ("status=delisted", set()),
        ("sector=CHEM", set()),
    ],
)
def test_the_filters_narrow(stock: dict[str, Listing], sign_in: SignIn, query: str, found: set[str]) -> None:
    page = sign_in("wang").get(f"/listings?{query}").get_data(as_text=True)
    assert {name for name, listing in stock.items() if listing.row.number in page} == found


def test_the_list_says_what_the_law_asks_for_next(stock: dict[str, Listing], sign_in: SignIn) -> None:
    page = sign_in("wang").get("/listings?status=listed").get_data(as_text=True)
    assert "备案" in page
    assert "超期" in page


def test_the_hazards_page_and_the_notice_tell_plan_and_term(stock: dict[str, Listing], sign_in: SignIn) -> None:
    page = sign_in("zhou").get(f"/hazards/{stock['late'].hazard.id}").get_data(as_text=True)
    for text in (stock["late"].row.number, "治理方案（六要素）", "更换除尘系统"):
        assert text in page
    paper = sign_in("zhou").get(f"/listings/{stock['late'].hazard.id}/notice").get_data(as_text=True)
    for text in ("重大事故隐患挂牌督办通知书", "涉爆粉尘未除尘", "2026年4月8日", "林海峰", "期满前 20 个工作日"):
        assert text in paper
