"""Checklists: drawn up, published, and from then on never changed; a new version beside the old one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from app.inspections.checklists import shipped
from tests.inspections.walk import Walk

SignIn = Callable[[str], FlaskClient]
FORM = {"title": "冷库检查", "items-0-content": "液氨报警装置正常", "items-0-legal_basis": "《安全生产法》第三十六条"}


def _id(location: str) -> str:
    return location.removesuffix("/edit").rsplit("/", 1)[1]


def test_the_shipped_ones_are_published_with_their_basis(city: Walk, sign_in: SignIn) -> None:
    listed = sign_in("sun").get("/api/v1/checklists").get_json()
    assert len(listed) == len(list(shipped.FOLDER.glob("*.toml"))) == 6
    workshop = sign_in("sun").get(f"/api/v1/checklists/{city.checklist().id}").get_json()
    assert len(workshop["items"]) == 18 and all(item["legal_basis"] for item in workshop["items"])


def test_one_is_drawn_up_published_and_then_stands(city: Walk, sign_in: SignIn) -> None:
    client = sign_in("gao")
    made = _id(client.post("/checklists", data=FORM).location)
    more = FORM | {"rev": "1", "items-1-content": "安全出口畅通"}
    assert client.post(f"/checklists/{made}", data=more).status_code == 303
    client.post(f"/checklists/{made}/publication")
    assert client.get(f"/api/v1/checklists/{made}").get_json()["status"] == "draft"  # an item has no basis
    stale = client.post(f"/checklists/{made}", data=FORM | {"rev": "1"})
    assert stale.status_code == 409  # somebody saved it meanwhile
    done: dict[str, Any] = more | {"rev": "2", "items-1-legal_basis": "《安全生产法》第四十二条"}
    client.post(f"/checklists/{made}", data=done)
    client.post(f"/checklists/{made}/publication")
    assert client.get(f"/api/v1/checklists/{made}").get_json()["status"] == "published"
    assert client.post(f"/checklists/{made}", data=done | {"rev": "3"}).status_code == 404
    second = _id(client.post(f"/checklists/{made}/version").location)
    assert _id(client.post(f"/checklists/{made}/version").location) == second  # begun once
    client.post(f"/checklists/{second}/publication")
    assert client.get(f"/api/v1/checklists/{made}").get_json()["status"] == "superseded"
    assert client.get(f"/api/v1/checklists/{second}").get_json()["version"] == 2


def test_an_inspection_keeps_the_version_it_was_planned_with(city: Walk, sign_in: SignIn) -> None:
    inspection, client = city.plan(), sign_in("wang")
    before = [item.content for item in city.items(inspection)]
    again = _id(client.post(f"/checklists/{city.checklist().id}/version").location)
    client.post(f"/checklists/{again}", data=FORM | {"rev": "1"})
    client.post(f"/checklists/{again}/publication")
    assert [item.content for item in city.items(inspection)] == before


def test_drafts_are_of_whoever_keeps_them(sign_in: SignIn) -> None:
    draft = _id(sign_in("gao").post("/checklists", data=FORM | {"title": "草稿"}).location)
    for key in ("sun", "deng", "zhou", "qin", "root"):
        assert sign_in(key).get(f"/checklists/{draft}").status_code == 404, key
    assert sign_in("zhao").post("/checklists", data=FORM).status_code == 403
    copy = sign_in("gao").post(f"/checklists/{draft}/copy")
    assert "（副本）" in sign_in("gao").get(copy.location).get_data(as_text=True)
    assert sign_in("zhao").post(f"/checklists/{draft}/removal").status_code == 403
    assert sign_in("gao").post(f"/checklists/{draft}/removal").status_code == 303
    assert sign_in("gao").get(f"/checklists/{draft}").status_code == 404
