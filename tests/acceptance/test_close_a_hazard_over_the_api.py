"""Over the API alone, as five different people under a driven clock: two rounds, reminder, overdue, every rung, closed.

The test knows addresses, tokens and the clock, nothing of the code: what it does an outside program can do.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from app import create_app
from app.accounts.models import User
from app.accounts.operations import People
from app.audit import SYSTEM
from app.clock import SHANGHAI, StoredClock
from app.config import Settings
from app.db import write_transaction
from tests import conftest
from tests.cast import member
from tests.hazards.walk import people_the_register, subject_id

PEOPLE = ("sun", "zhao", "liu", "zhou", "wang", "he", "chen", "root")


def at(*when: int) -> dt.datetime:
    return dt.datetime(*when, tzinfo=SHANGHAI)  # type: ignore[arg-type]


class Api:
    """One person with a personal token."""

    def __init__(self, app: Flask, token: str) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, expect: int | None = 200, **options: Any) -> Any:
        answer = self._client.open(f"/api/v1{path}", method=method, headers=self._headers, **options)
        assert expect is None or answer.status_code == expect, (method, path, answer.status_code, answer.text)
        return answer

    def get(self, path: str, expect: int = 200) -> Any:
        return self.call("GET", path, expect).json

    def post(self, path: str, expect: int | None = 200, **payload: Any) -> Any:
        return self.call("POST", path, expect, json=payload).json

    def total(self, path: str) -> int:
        return int(self.call("GET", path).headers["X-Total-Count"])

    def task(self, node: str, **filters: str) -> dict[str, Any]:
        """The one open task of a step among what the person holds or may claim."""
        found = [
            row
            for box in ("todo", "claimable")
            for row in self.get(f"/tasks?box={box}&per_page=100")
            if row["node_id"] == node and all(str(row[k]) == v for k, v in filters.items())
        ]
        assert len(found) == 1, (node, found)
        return dict(found[0])

    def complete(self, node: str, **answers: Any) -> Any:
        return self.post(f"/tasks/{self.task(node)['id']}/completion", answers=answers)

    def photo(self) -> str:
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), "#8899aa").save(picture, "JPEG")
        picture.seek(0)
        data = {"file": (picture, "site.jpg"), "kind": "photo"}
        return str(self.call("POST", "/files", 201, data=data, content_type="multipart/form-data").json["id"])


@pytest.fixture(scope="module")
def api(new_city: Callable[[], Settings]) -> Iterator[dict[str, Api]]:
    app = create_app(new_city())
    app.test_client_class = conftest.Browser
    assert isinstance(app.extensions["duban.clock"], StoredClock)
    with app.app_context():
        sessions = app.extensions["duban.sessions"]
        with sessions() as session, write_transaction(session):
            people_the_register(session)
            office = People(session, SYSTEM, dt.datetime.now(dt.UTC))
            tokens = {
                key: office.issue_token(session.get_one(User, member(key).id), "outside", 30)[1] for key in PEOPLE
            }
    yield {key: Api(app, token) for key, token in tokens.items()}
    sessions.kw["bind"].dispose()


def happened(api: Api, instance: str) -> list[tuple[str, dt.datetime]]:
    shown = api.get(f"/instances/{instance}/history")
    lines = shown["events"] if isinstance(shown, dict) else shown
    return [(line["event"], dt.datetime.fromisoformat(line["at"]).astimezone(SHANGHAI)) for line in lines]


def test_two_rounds_with_reminder_overdue_and_every_rung_until_it_is_closed(api: dict[str, Api]) -> None:
    sun, zhao, liu, zhou, wang = (api[key] for key in ("sun", "zhao", "liu", "zhou", "wang"))
    clock = api["root"]
    clock.call("PUT", "/clock", json={"now": "2026-04-09T14:20+08:00"})

    made = sun.post(
        "/hazards", 201, subject_id=subject_id("xinyuan"), summary="2 号车间安全出口上锁", location="东侧出口",
        category="object", source="patrol", photos_before=[sun.photo()], found_at="2026-04-09T14:00:00+08:00",
    )  # fmt: skip
    hazard, instance = made["id"], made["instance_id"]

    zhao.complete(
        "grade", verdict="valid", grade="general", grade_basis="属实", rectify_mode="limited", handled_by="department"
    )
    zhao.complete(
        "order",
        requirements=[{"text": "拆除锁具"}, {"text": "清空通道"}],
        due_on="2026-04-24",
        legal_basis="安全生产法第四十二条",
    )
    receipt = zhou.task("receive")
    assert dt.datetime.fromisoformat(receipt["due_at"]) == at(2026, 4, 10, 14, 20)
    zhou.complete("receive", received_by="周敏")
    rectify = zhou.task("rectify")
    assert dt.datetime.fromisoformat(rectify["due_at"]) == at(2026, 4, 24, 23, 59, 59)
    assert rectify["light"] == "green"

    clock.call("PUT", "/clock", json={"now": "2026-04-22T09:00+08:00"})
    assert zhou.task("rectify")["light"] == "amber"
    assert ("task.reminded", at(2026, 4, 21, 8, 30)) in happened(zhao, instance)

    clock.call("PUT", "/clock", json={"advance": "P3D"})
    assert zhou.task("rectify")["light"] == "red"
    clock.call("PUT", "/clock", json={"now": "2026-05-20T10:00+08:00"})
    late = [line for line in happened(zhao, instance) if line[0] in ("task.overdue", "task.escalated")]
    assert late == [
        ("task.overdue", at(2026, 4, 24, 23, 59, 59)),
        ("task.escalated", at(2026, 4, 29, 8, 30)),
        ("task.escalated", at(2026, 5, 8, 8, 30)),
        ("task.escalated", at(2026, 5, 19, 8, 30)),
    ]
    # Three rungs, one supervised matter: the later ones have raised what the first has opened.
    (draft,) = [row for row in wang.get("/tasks?box=claimable&per_page=100") if row["node_id"] == "draft"]
    (item,) = wang.get("/supervision?status=open")
    assert (draft["business_key"], item["status"], item["source"]) == (item["number"], "drafting", "hazard")

    zhou.complete(
        "rectify", measures="已拆除锁具", photos_after=[zhou.photo()], responsible_person="周敏", funds_yuan=1200
    )
    review = liu.task("review")
    items = [row["requirement"] for row in liu.get(f"/tasks/{review['id']}")["data"]["review_items"]]
    assert items == ["拆除锁具", "清空通道"]
    inspectors = [{"person": member("liu").id}, {"person": member("zhao").id}]

    def conclude(result: str, **more: Any) -> Any:
        return liu.complete(
            "review", review_method="on_site", inspectors=inspectors, photos_review=[liu.photo()], served="signed",
            served_to="周敏", opinion_signed=True,
            conclusions=[{"requirement": items[0], "result": "passed", "note": "已拆除"}, {"requirement": items[1], "result": result, "note": "现场查看"}],
            **more,
        )  # fmt: skip

    refused = liu.call(
        "POST", f"/tasks/{review['id']}/completion", 422,
        json={"answers": {"review_method": "on_site", "conclusions": [], "colour": "red"}},
    ).json  # fmt: skip
    assert {"opinion", "photos_review", "inspectors", "colour"} & set(refused["errors"])
    conclude("failed", opinion="通道仍有堆放，继续整改。", new_due_on="2026-05-27")
    assert sun.get(f"/hazards/{hazard}")["round"] == 2

    second = zhou.task("rectify")
    assert dt.datetime.fromisoformat(second["due_at"]) == at(2026, 5, 27, 23, 59, 59)
    zhou.complete("rectify", measures="已清空通道", photos_after=[zhou.photo()], responsible_person="周敏")
    items = [row["requirement"] for row in liu.get(f"/tasks/{liu.task('review')['id']}")["data"]["review_items"]]
    items = items if len(items) == 2 else [items[0], items[0]]
    liu.complete(
        "review", review_method="on_site", inspectors=inspectors, photos_review=[liu.photo()], served="signed", served_to="周敏",
        opinion_signed=True, opinion="复查合格，建议销号。",
        conclusions=[{"requirement": text, "result": "passed", "note": "合格"} for text in dict.fromkeys(items)],
    )  # fmt: skip
    done = zhao.complete("close", close_opinion="同意销号")
    assert done["ended"] is True

    shown = sun.get(f"/hazards/{hazard}")
    assert (shown["status"], shown["round"]) == ("closed", 2)
    history = zhao.get(f"/instances/{instance}/history")
    assert history["chain"]["ok"] is True
    assert [line["event"] for line in history["events"]].count("task.completed") == 8


def test_an_outsider_finds_nothing_anywhere_and_no_count_includes_it(api: dict[str, Api]) -> None:
    sun, outsiders = api["sun"], (api["he"], api["chen"])
    (hazard,) = sun.get("/hazards")
    task = api["zhao"].get("/tasks?box=done&per_page=100")[0]["id"]
    photo = hazard["photos_before"][0]
    for outsider in outsiders:
        assert outsider.total("/hazards") == 0
        assert outsider.total("/instances") == 0
        assert outsider.get("/notifications") == []
        for box in ("todo", "claimable", "done", "started", "cc"):
            assert outsider.total(f"/tasks?box={box}") == 0
        for path in (
            f"/hazards/{hazard['id']}", f"/instances/{hazard['instance_id']}", f"/instances/{hazard['instance_id']}/history",
            f"/tasks/{task}", f"/files/{photo}", f"/subjects/{hazard['subject_id']}",
        ):  # fmt: skip
            if outsider is api["chen"] or "/subjects" not in path:
                outsider.get(path, 404)
        for path, payload in (
            (f"/tasks/{task}/completion", {"answers": {}}), (f"/tasks/{task}/claim", {}), (f"/tasks/{task}/urges", {"text": "x"}),
            (f"/tasks/{task}/comments", {"text": "x"}), (f"/hazards/{hazard['id']}/voiding", {"reason": "x"}),
            (f"/instances/{hazard['instance_id']}/cancellation", {"reason": "x"}),
        ):  # fmt: skip
            outsider.post(path, 404, **payload)
