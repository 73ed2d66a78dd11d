"""List, page, card and papers: the office sees all, the addressee its slip once it is issued, outsiders nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app import web
from app.supervision.models import SupervisionItem
from tests.cast import org_id
from tests.hazards.walk import at
from tests.supervision.walk import Walk

SignIn = Callable[[str], FlaskClient]
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(scope="module")
def stock(city: Walk) -> dict[str, SupervisionItem]:
    """Slips to a department, a town and an enterprise, and a draft that nobody but the office may know of."""
    city.clock.set(at("2026-04-02 09:00"))
    dept, town, ent = city.decide("emergency", "xingang", "xinyuan", due_on="2026-04-08")
    city.clock.set(at("2026-04-03 09:00"))
    hazard = city.receive(city.order(city.grade(city.register()), due_on="2026-04-03"))
    city.until("2026-04-09 09:00")
    (draft,) = city.items_of(hazard)
    return {"dept": dept, "town": town, "ent": ent, "draft": draft}


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        ("wang", {"dept", "town", "ent", "draft"}),
        ("lin", {"dept", "town", "ent", "draft"}),
        ("zhao", {"dept"}),
        ("gao", {"dept"}),
        ("sun", {"town"}),
        ("zhou", {"ent"}),
        ("he", set()),
        ("deng", set()),
        ("chen", set()),
        ("root", set()),
    ],
)
def test_everybody_sees_what_is_theirs_and_nothing_before_it_is_issued(
    stock: dict[str, SupervisionItem], sign_in: SignIn, key: str, seen: set[str]
) -> None:
    client = sign_in(key)
    listed = client.get("/api/v1/supervision?per_page=100")
    assert {row["number"] for row in listed.get_json()} == {stock[name].number for name in seen}
    assert listed.headers["X-Total-Count"] == str(len(seen))
    page = client.get("/supervision").get_data(as_text=True)
    for name, item in stock.items():
        assert (item.number in page) == (name in seen)
        for path in (f"/supervision/{item.id}", f"/api/v1/supervision/{item.id}"):
            assert client.get(path).status_code == (200 if name in seen else 404)
        issued = name in seen and name != "draft"
        assert client.get(f"/supervision/{item.id}/slip").status_code == (200 if issued else 404)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=open", {"dept", "town", "ent", "draft"}),
        ("status=drafting", {"draft"}),
        ("source=meeting", {"dept", "town", "ent"}),
        ("light=red", {"dept", "town", "ent"}),
        ("level=2", {"dept", "town", "ent"}),
        ("q=第 2 项", {"town"}),
        ("q=%25", set()),
    ],
)
def test_the_filters_narrow(
    stock: dict[str, SupervisionItem], city: Walk, sign_in: SignIn, query: str, found: set[str]
) -> None:
    rows = sign_in("wang").get(f"/api/v1/supervision?per_page=100&{query}").get_json()
    assert {row["number"] for row in rows} == {stock[name].number for name in found}


def test_the_list_counts_lights_and_names_the_addressee(stock: dict[str, SupervisionItem], sign_in: SignIn) -> None:
    page = sign_in("wang").get(f"/supervision?org={org_id('xingang')}").get_data(as_text=True)
    assert stock["town"].number in page
    assert stock["dept"].number not in page
    assert "新港街道" in page
    part = sign_in("wang").get("/supervision?light=green", headers=PARTIAL).get_data(as_text=True)
    assert "没有符合条件的督办件" in part


def test_another_page_shows_the_items_about_its_record(stock: dict[str, SupervisionItem], sign_in: SignIn) -> None:
    about = f"/supervision?matter={stock['draft'].matter_id}"
    assert stock["draft"].number in sign_in("wang").get(about, headers=PARTIAL).get_data(as_text=True)
    assert "没有督办件" in sign_in("zhao").get(about, headers=PARTIAL).get_data(as_text=True)


def test_the_card_beside_a_task_is_scoped_like_the_page(
    stock: dict[str, SupervisionItem], city: Walk, sign_in: SignIn
) -> None:
    with city.app.test_request_context():
        assert web.cards.render("supervision", stock["dept"].id) == ""
    task = city.open_of(stock["dept"])["receive_dept"]
    page = sign_in("zhao").get(f"/tasks/{task.id}").get_data(as_text=True)
    assert stock["dept"].number in page
    assert "督办阶梯" in sign_in("zhao").get(f"/supervision/{stock['dept'].id}").get_data(as_text=True)


def test_a_rung_below_the_first_one_taken_is_passed_over_and_not_still_to_come(
    stock: dict[str, SupervisionItem], sign_in: SignIn
) -> None:
    """A slip begins above the reminder, and the ladder never goes down."""
    client = sign_in("wang")
    page = client.get(f"/supervision/{stock['dept'].id}").get_data(as_text=True)
    ladder = page[page.index('id="ladder"') :]
    assert ladder.index("未经此级") < ladder.index("督办单") < ladder.index("未到")
    draft = client.get(f"/supervision/{stock['draft'].id}").get_data(as_text=True)
    assert "未经此级" not in draft and "未到" in draft


def test_the_slip_is_printed_with_matter_term_and_receipt(stock: dict[str, SupervisionItem], sign_in: SignIn) -> None:
    paper = sign_in("sun").get(f"/supervision/{stock['town'].id}/slip").get_data(as_text=True)
    for text in ("安全生产督办单", "新港街道办事处", "第 2 项决定", "24 小时内签收", "黄单"):
        assert text in paper
