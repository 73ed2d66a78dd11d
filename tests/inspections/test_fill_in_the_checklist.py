"""The checklist on a phone without JavaScript, and the same over the API as an offline phone sends it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from PIL import Image

from app import web
from app.inspections import Inspection
from tests.inspections.walk import Walk

SignIn = Callable[[str], FlaskClient]
EXIT = 13
CONCLUSION = {"conclusion": "已检查", "violation_found": "no"}


@pytest.fixture(scope="module")
def inspection(city: Walk) -> Inspection:
    return city.arrive(city.plan())


def _item(city: Walk, inspection: Inspection, position: int) -> Any:
    return next(item for item in city.items(inspection) if item.position == position)


def _photo() -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 100, 110)).save(out, "JPEG")
    return io.BytesIO(out.getvalue()), "scene.jpg"


def _put(client: FlaskClient, inspection: Inspection, sid: str, *answers: dict[str, Any], **more: Any) -> Any:
    return client.put(
        f"/api/v1/inspections/{inspection.id}/answers",
        json={"inspected_subject_id": sid, "answers": list(answers), **more},
    )


def test_one_tap_answers_an_item_and_shows_the_next(city: Walk, sign_in: SignIn, inspection: Inspection) -> None:
    check, client = city.checks(inspection)[0], sign_in("liu")
    first, second = city.items(inspection)[:2]
    page = client.get(f"/inspections/{inspection.id}/check/{check.id}/{first.id}").get_data(as_text=True)
    assert "0 / 18 项" in page and first.legal_basis in page
    answer = client.post(
        f"/inspections/{inspection.id}/check/{check.id}/{first.id}", data={"tap": "compliant", "rev": "0"}
    )
    assert answer.status_code == 303 and answer.location.endswith(second.id)
    assert _item(city, inspection, 1).result == "compliant"


def test_a_finding_off_the_list_is_described_and_taken_back(
    city: Walk, sign_in: SignIn, inspection: Inspection
) -> None:
    check, client = city.checks(inspection)[0], sign_in("liu")
    here = f"/inspections/{inspection.id}/check/{check.id}"
    listed = len(city.items(inspection))
    empty = client.post(f"{here}/other", data={"result": "noncompliant", "deadline": "7"})
    assert empty.status_code == 422 and "请写明问题" in empty.get_data(as_text=True)
    assert len(city.items(inspection)) == listed
    described = client.post(
        f"{here}/other", data={"result": "noncompliant", "finding": "叉车无牌照", "client_id": "own"}
    )
    assert described.status_code == 303
    (own,) = [item for item in city.items(inspection) if item.own]
    removal = f"{here}/{own.id}/removal"
    assert f'action="{removal}"' in client.get(f"{here}/{own.id}").get_data(as_text=True)
    assert sign_in("zhou").post(removal).status_code == 404
    assert client.post(removal).status_code == 303 and len(city.items(inspection)) == listed
    assert client.post(removal).status_code == 404


def test_a_failed_item_opens_its_hazard_prefilled(city: Walk, sign_in: SignIn, inspection: Inspection) -> None:
    check, client, item = city.checks(inspection)[0], sign_in("liu"), _item(city, inspection, EXIT)
    address = f"/inspections/{inspection.id}/check/{check.id}/{item.id}"
    answer = client.post(address, data={"tap": "noncompliant", "rev": "0"})
    assert answer.status_code == 303 and answer.location.endswith(item.id)
    page = client.get(address).get_data(as_text=True)
    assert "安全出口锁闭，疏散通道被占用" in page and "《安全生产法》第四十二条" in page and "立即打开安全出口" in page
    rev = re.search(r'name="rev" value="(\d+)"', page)
    assert rev is not None
    sent = {
        "result": "noncompliant",
        "rev": rev[1],
        "finding": "西侧安全出口上锁",
        "deadline": "7",
        "severity": "general",
    }
    described = client.post(address, data=sent | {"photos__upload": _photo()}, content_type="multipart/form-data")
    assert described.status_code == 303 and not described.location.endswith(item.id)
    stored = _item(city, inspection, EXIT)
    assert (stored.finding, stored.deadline, str(stored.due_on), len(stored.photos)) == (
        "西侧安全出口上锁",
        "7",
        "2026-04-16",
        1,
    )


def test_a_rejected_answer_keeps_what_was_typed(city: Walk, sign_in: SignIn, inspection: Inspection) -> None:
    check, item = city.checks(inspection)[0], _item(city, inspection, EXIT)
    sent = {"result": "noncompliant", "rev": str(item.rev), "finding": "很长" * 80, "location": "西门"}
    page = sign_in("liu").post(f"/inspections/{inspection.id}/check/{check.id}/{item.id}", data=sent)
    assert page.status_code == 422
    assert "西门" in page.get_data(as_text=True) and "最多 120 个字" in page.get_data(as_text=True)


def test_what_an_offline_phone_sends_twice_is_entered_once(city: Walk, sign_in: SignIn, inspection: Inspection) -> None:
    check, client, item = city.checks(inspection)[0], sign_in("liu"), _item(city, inspection, 5)
    said = {"item_id": item.id, "rev": item.rev, "result": "not_applicable"}
    own = {"client_id": "phone-1", "result": "noncompliant", "finding": "叉车无证驾驶", "deadline": "3"}
    first = _put(client, inspection, check.id, said, own).get_json()
    again = _put(client, inspection, check.id, said, own).get_json()
    assert [one["status"] for one in first["answers"]] == ["saved", "saved"]
    assert [one["status"] for one in again["answers"]] == ["same", "same"]
    assert first["answers"][1]["item_id"] == again["answers"][1]["item_id"]
    assert again["total"] == first["total"] == 19
    taken = client.delete(f"/api/v1/inspections/{inspection.id}/items/{first['answers'][1]['item_id']}")
    assert taken.status_code == 204 and len(city.items(inspection)) == 18
    assert client.delete(f"/api/v1/inspections/{inspection.id}/items/{item.id}").status_code == 422


def test_whoever_was_slower_is_told_and_overwrites_nothing(city: Walk, sign_in: SignIn, inspection: Inspection) -> None:
    check, item = city.checks(inspection)[0], _item(city, inspection, 6)
    colleague = {"item_id": item.id, "rev": item.rev, "result": "compliant"}
    mine = {"item_id": item.id, "rev": item.rev, "result": "noncompliant", "deadline": "7"}
    assert _put(sign_in("zhao"), inspection, check.id, colleague).get_json()["answers"][0]["status"] == "saved"
    told = _put(sign_in("liu"), inspection, check.id, mine).get_json()["answers"][0]
    assert (told["status"], told["stored"]["result"], told["rev"]) == ("conflict", "compliant", item.rev + 1)
    assert _item(city, inspection, 6).result == "compliant"
    there = {"item_id": "0" * 32, "rev": 0, "result": "compliant"}
    assert _put(sign_in("liu"), inspection, check.id, there).get_json()["answers"][0]["status"] == "refused"


def test_place_and_signature_are_saved_beside_the_items(city: Walk, sign_in: SignIn, inspection: Inspection) -> None:
    check, client = city.checks(inspection)[0], sign_in("liu")
    site = {
        "rev": check.site_rev,
        "served": "refused",
        "refused_reason": "拒绝签字",
        "longitude": 122.1,
        "latitude": 37.2,
    }
    assert _put(client, inspection, check.id, site=site).get_json()["site"]["status"] == "saved"
    assert _put(client, inspection, check.id, site=site).get_json()["site"]["status"] == "same"
    other = site | {"refused_reason": "另一说法"}
    assert _put(client, inspection, check.id, site=other).get_json()["site"]["status"] == "conflict"
    form = {"rev": str(check.site_rev + 1), "served": "signed", "signed_by": "周敏", "scene": "2 号车间"}
    saved = client.post(f"/inspections/{inspection.id}/check/{check.id}/site", data=form)
    assert saved.status_code == 303
    assert (city.checks(inspection)[0].signed_by, city.checks(inspection)[0].scene) == ("周敏", "2 号车间")


def test_only_the_team_answers_and_only_its_own_photos(city: Walk, sign_in: SignIn, inspection: Inspection) -> None:
    check, item = city.checks(inspection)[0], _item(city, inspection, 7)
    said = {"item_id": item.id, "rev": item.rev, "result": "compliant"}
    assert _put(sign_in("gao"), inspection, check.id, said).status_code == 403  # sees it, is not of the team
    for key in ("deng", "he", "zhou", "chen", "root"):
        assert _put(sign_in(key), inspection, check.id, said).status_code == 404, key
    somebody_elses = said | {"photos": [city.photo("gao")]}
    told = _put(sign_in("liu"), inspection, check.id, somebody_elses).get_json()["answers"][0]
    assert (told["status"], list(told["errors"])) == ("refused", ["photos"])


def test_after_the_record_nothing_can_be_changed(city: Walk, sign_in: SignIn) -> None:
    done = city.inspected()
    check, item = city.checks(done)[0], city.items(done)[0]
    said = {"item_id": item.id, "rev": item.rev, "result": "noncompliant"}
    assert _put(sign_in("liu"), done, check.id, said).status_code == 409
    page = sign_in("liu").get(f"/inspections/{done.id}/check/{check.id}")
    assert "已完成，只能查看" in page.get_data(as_text=True)


def test_what_comes_while_it_is_being_recorded_is_refused_not_lost(city: Walk, sign_in: SignIn) -> None:
    """An answer that the record did not take in becomes no hazard: nobody must be told that it was saved."""
    inspection = city.arrive(city.plan())
    city.answer(inspection, {})
    check, item, liu = city.checks(inspection)[0], city.items(inspection)[0], sign_in("liu")

    def record(_session: Any) -> None:
        if city.looked_up(inspection).undone:
            city.step(inspection, "check", "liu", **CONCLUSION)

    sa.event.listen(web.db.session, "after_rollback", record)  # the page has looked, and does not write yet
    try:
        late = {"rev": str(item.rev), "tap": "noncompliant"}
        told = liu.post(f"/inspections/{inspection.id}/check/{check.id}/{item.id}", data=late)
    finally:
        sa.event.remove(web.db.session, "after_rollback", record)
    assert (told.status_code, city.items(inspection)[0].result) == (409, "compliant")
