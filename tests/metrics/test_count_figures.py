from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import metrics
from app.clock import FixedClock
from app.metrics import Question, entries, evaluating, rounding
from tests.cast import XINGANG
from tests.hazards.walk import Walk, at
from tests.metrics.conftest import person

NOW = at("2026-04-15 12:00")
CAMPAIGN = {"campaign": "c" * 32}


@pytest.fixture(scope="module", autouse=True)
def a_campaign(city: Walk) -> None:
    """What the slice of campaigns tells of its periods."""
    first = dt.date(2026, 4, 1)
    metrics.offer_periods("campaign", lambda session, user: [metrics.Period("c" * 32, "专项行动", first, None)])


def figure(session: Session, key: str, who: str | None = "wang", **asked: object) -> metrics.Figure:
    user = person(session, who) if who else None
    return metrics.figure(session, metrics.catalogue()[key], user, Question(**asked), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "asked", "text"),
    [
        ("hazards_found", {}, "6"),
        ("hazards_found", {"kind": "week"}, "2"),
        ("hazards_found", {"kind": "week", "at": dt.date(2026, 4, 9)}, "4"),
        ("hazards_found", {"kind": "between", "first": dt.date(2026, 4, 9), "last": dt.date(2026, 4, 14)}, "4"),
        ("hazards_found", {"kind": "quarter", "at": dt.date(2026, 3, 31)}, "0"),
        ("hazards_closed", {"kind": "year"}, "2"),
        ("hazards_closed", {"kind": "all"}, "2"),
        ("hazards_rectification_rate", {}, "33.3"),
        ("hazards_rectification_rate", {"kind": "month", "at": dt.date(2026, 1, 1)}, "—"),
        ("hazards_on_time_rate", {}, "100.0"),
        ("hazards_days_to_close", {}, "0.0"),
        ("hazards_major_open", {}, "1"),
        ("hazards_subjects", {}, "2"),
        ("campaign_hazards_found", {}, "3"),
        ("campaign_hazards_rectified", {}, "1"),
        ("campaign_rectification_rate", {}, "33.3"),
    ],
)
def test_a_figure_of_a_window(city: Walk, session: Session, key: str, asked: dict[str, object], text: str) -> None:
    assert figure(session, key, **asked).text == text


@pytest.mark.parametrize(("who", "found"), [("zhao", 6), ("ma", 5), ("he", 1), ("deng", 0), ("root", 0)])
def test_a_figure_counts_only_what_the_person_may_see(city: Walk, session: Session, who: str, found: int) -> None:
    assert figure(session, "hazards_found", who).value == found


def test_every_figure_has_as_many_rows_behind_it_as_it_counts(city: Walk, session: Session) -> None:
    for key, metric in metrics.catalogue().items():
        for who in ("wang", "ma"):
            user, counted = person(session, who), figure(session, key, who)
            rows = session.execute(evaluating.rows(session, metric, user, Question(), NOW, {})).all()
            assert len(rows) == counted.count, (key, who)
            if metric.measure == "ratio":
                above = session.execute(evaluating.rows(session, metric, user, Question(), NOW, {"part": "1"})).all()
                below = session.execute(evaluating.rows(session, metric, user, Question(), NOW, {"part": "0"})).all()
                assert (len(above), len(above) + len(below)) == (counted.part, counted.count), (key, who)


def test_the_groups_of_a_figure_add_up_to_it(city: Walk, session: Session) -> None:
    metric, user = metrics.catalogue()["hazards_found"], person(session, "wang")
    groups = metrics.grouped(session, metric, "town", user, Question(), NOW)
    assert [(name, one.text) for _key, name, one in groups] == [("新港街道", "5"), ("龙湾镇", "1")]
    narrowed = evaluating.rows(session, metric, user, Question(), NOW, {"town": XINGANG})
    assert len(session.execute(narrowed).all()) == 5


def test_without_a_campaign_there_is_no_figure_of_one(city: Walk, session: Session) -> None:
    none = figure(session, "campaign_hazards_found", period="nowhere")
    assert (none.text, none.window) == ("—", None)


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (7, "over", "7"), (10, "over", "10"), (19, "over", "10 余"), (128, "over", "120 余"), (999, "over", "990 余"),
        (1000, "over", "1,000"), (1234, "over", "1,200 余"), (Decimal("12.31"), "near", "近 12.4"),
        (Decimal("12.3"), "near", "12.3"), (Decimal("93.75"), "tenth", "93.8"), (Decimal("0.05"), "tenth", "0.1"),
        (9567, "whole", "9,567"), (None, "tenth", "—"),
    ],
)  # fmt: skip
def test_how_a_figure_is_written(value: Decimal | int | None, style: str, text: str) -> None:
    assert rounding.written(value, style) == text


GOOD = 'title = {zh = "数", en = "n"}\nunit = {zh = "项", en = "n"}\nsource = "hazards"\nmeasure = "count"\n'


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('[x]\n' + GOOD.replace("hazards", "nothing"), "unknown source nothing"),
        ('[x]\n' + GOOD + 'where = {colour = "red"}', "unknown column colour"),
        ('[x]\n' + GOOD + 'where = {status = "shut"}', "'shut' is none of"),
        ('[x]\n' + GOOD + 'where = {on_time = "yes"}', "is no flag"),
        ('[x]\n' + GOOD + 'where = {closed_at = "2026-01-01"}', "an instant takes set or until"),
        ('[x]\n' + GOOD + 'where = {round = {starts = "1"}}', "starts does not go with a number"),
        ('[x]\n' + GOOD + 'window = {on = "number"}', "number is no instant"),
        ('[x]\n' + GOOD + 'window = {on = "found_at", kind = "decade"}', "unknown kind of window decade"),
        ('[x]\n' + GOOD + 'window = {on = "found_at", kind = "quarter", period = "两会"}', "goes with campaign or special"),
        ('[x]\n' + GOOD.replace("count", "sum") + 'column = "status"', "status is no number"),
        ('[x]\n' + GOOD.replace("count", "ratio"), "ratio needs part"),
        ('[x]\n' + GOOD.replace("count", "guess"), "unknown measure guess"),
        ('[x]\n' + GOOD.replace('"数"', '""'), "in both languages"),
        ('[x]\n' + GOOD + 'round = "up"', "unknown rounding up"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named_before_the_program_starts(app: Flask, entry: str, said: str) -> None:
    found = [problem for metric in entries.read(tomllib.loads(entry)) for problem in entries.problems(metric)]
    assert any(said in problem for problem in found), found


def test_the_page_opens_the_rows_whose_number_is_the_figure(
    city: Walk, sign_in: Callable[[str], FlaskClient], clock: FixedClock
) -> None:
    clock.set(NOW)
    wang = sign_in("wang")
    page = wang.get("/metrics").get_data(as_text=True)
    assert "发现隐患数" in page
    rows = wang.get("/metrics/hazards_found/rows?window=week").get_data(as_text=True)
    assert "下一周销号" in rows
    assert "外镇登记" not in rows
    assert "口径" in rows
    grouped = wang.get("/metrics/hazards_found/rows?by=town").get_data(as_text=True)
    assert "新港街道" in grouped
    book = wang.get("/metrics/hazards_found/rows.xlsx?window=week")
    assert book.mimetype.endswith("sheet")
    assert sign_in("zhou").get("/metrics").status_code == 403
    assert wang.get("/metrics/no_such/rows").status_code == 404


def test_a_snapshot_stays_and_says_when_the_records_have_changed(
    city: Walk, sign_in: Callable[[str], FlaskClient], clock: FixedClock
) -> None:
    clock.set(NOW)
    wang = sign_in("wang")
    wang.post("/metrics/hazards_found/snapshots?window=month", data={"purpose": "月报"})
    kept = wang.get("/metrics/snapshots").get_data(as_text=True)
    assert "月报" in kept
    assert "is-amber" not in kept
    city.register(summary="快照之后")
    changed = wang.get("/metrics/snapshots").get_data(as_text=True)
    assert "is-amber" in changed
    link = changed.split('href="/metrics/snapshots/')[1].split('"')[0]
    assert "固定时为 6，现按同一口径为 7" in wang.get(f"/metrics/snapshots/{link}").get_data(as_text=True)
    assert sign_in("lin").get(f"/metrics/snapshots/{link}").status_code == 200
    assert sign_in("ma").get(f"/metrics/snapshots/{link}").status_code == 404
