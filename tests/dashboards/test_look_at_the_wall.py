from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from flask.testing import FlaskClient

from tests.hazards.walk import Walk

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_the_wall_shows_sectors_towns_and_what_is_overdue(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    page = sign_in("lin").get("/wall").get_data(as_text=True)
    for text in ("挂图作战", "工贸", "新港街道", "龙湾镇", "超期清单", "每周新增与整改"):
        assert text in page
    towns = sign_in("lin").get("/wall?by=town").get_data(as_text=True)
    assert "属地" in towns
    assert "<html" not in sign_in("lin").get("/wall", headers=PARTIAL).get_data(as_text=True)


def test_every_number_opens_as_many_records(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    lin = sign_in("lin")
    page = lin.get("/wall").get_data(as_text=True)
    assert 'href="/metrics/hazards_found/rows?window=all&amp;sector_code=INDUSTRY">6</a>' in page
    assert "共 6 项" in lin.get("/metrics/hazards_found/rows?window=all&sector_code=INDUSTRY").get_data(as_text=True)


def test_the_screen_has_no_frame_and_asks_for_itself(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    page = sign_in("lin").get("/wall/screen").get_data(as_text=True)
    assert 'data-bs-theme="dark"' in page
    assert 'data-refresh-every="60"' in page
    assert "db-side" not in page


@pytest.mark.parametrize(("who", "found"), [("lin", 6), ("zhao", 6), ("ma", 5), ("he", 1), ("deng", 0)])
def test_everybody_gets_the_wall_of_what_they_may_see(
    city: Walk,
    sign_in: Callable[[str], FlaskClient],
    who: str,
    found: int,
) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(sign_in(who).get("/wall/export.xlsx").data)).active
    head, *_rows, total = sheet.iter_rows(values_only=True)
    assert int(str(total[head.index("隐患")])) == found


@pytest.mark.parametrize("who", ["zhou", "qin", "root"])
def test_enterprises_experts_and_administrators_have_no_wall(
    city: Walk,
    sign_in: Callable[[str], FlaskClient],
    who: str,
) -> None:
    assert sign_in(who).get("/wall").status_code == 403
    assert sign_in(who).get("/wall/screen").status_code == 403


def test_a_campaign_that_may_not_be_seen_is_not_found(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    assert sign_in("lin").get("/wall?campaign=" + "c" * 32).status_code == 404
