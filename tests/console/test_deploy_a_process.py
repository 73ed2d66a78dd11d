"""Processes by program: look, check, deploy as a draft, publish by a second person."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from app.engine import Engine
from tests.inbox.processes import KEY, package

SignIn = Callable[[str], FlaskClient]
LIST, CHECKS = "/api/v1/definitions", "/api/v1/definitions/checks"


def sent(key: str, **words: str) -> dict[str, Any]:
    return {"key": key, "files": {name: content.decode() for name, content in package(key, **words).files.items()}}


def test_everybody_reads_what_is_in_force(sign_in: SignIn, engine: Engine) -> None:
    listed = {row["key"]: row for row in sign_in("zhao").get(f"{LIST}?per_page=200").json}
    assert listed[KEY]["status"] == "published"
    assert listed[KEY]["title"] == {"zh": "用印申请", "en": "Seal request"}
    shown = sign_in("zhao").get(f"{LIST}/{KEY}").json
    assert [row["version"] for row in shown["versions"]] == [1]
    files = sign_in("zhao").get(f"{LIST}/{KEY}/versions/1").json["files"]
    assert set(files) == {"process.toml", "process.bpmn", "forms/apply.json", "forms/review.json", "forms/revise.json"}
    assert sign_in("zhao").get(f"{LIST}/nothing").status_code == 404
    assert sign_in("zhao").get(f"{LIST}/{KEY}/versions/9").status_code == 404


def test_a_check_names_problems_and_stores_nothing(sign_in: SignIn, engine: Engine) -> None:
    root = sign_in("root")
    assert root.post(CHECKS, json=sent("checked_only")).json == {"problems": []}
    broken = root.post(CHECKS, json=sent("checked_only", role="nobody_of_the_kind", form="missing"))
    assert broken.status_code == 200
    problems = broken.json["problems"]
    assert "review" in {p["element_id"] for p in problems}
    assert all(p["message"]["zh"] and p["message"]["en"] for p in problems)
    assert root.get(f"{LIST}/checked_only").status_code == 404


def test_one_person_deploys_and_another_publishes(sign_in: SignIn, engine: Engine) -> None:
    root, shen = sign_in("root"), sign_in("shen")
    draft = root.post(LIST, json=sent("two_persons"))
    assert (draft.status_code, draft.json["status"], draft.json["version"]) == (201, "draft", 1)
    assert sign_in("zhao").get(f"{LIST}/two_persons").status_code == 404  # a draft is the makers' affair
    assert root.post(f"{LIST}/two_persons/versions/1/publication").status_code == 403
    published = shen.post(f"{LIST}/two_persons/versions/1/publication")
    assert (published.status_code, published.json["status"]) == (200, "published")
    assert shen.post(f"{LIST}/two_persons/versions/1/publication").status_code == 409
    assert sign_in("zhao").get(f"{LIST}/two_persons").json["version"] == 1


def test_the_same_content_is_the_same_version(sign_in: SignIn, engine: Engine) -> None:
    root = sign_in("root")
    first = root.post(LIST, json=sent("sent_twice")).json
    assert root.post(LIST, json=sent("sent_twice")).json == first


def test_a_package_may_come_as_files(sign_in: SignIn, engine: Engine) -> None:
    form: dict[str, Any] = {"key": "as_files"}
    form |= {name: (io.BytesIO(content), name) for name, content in package("as_files").files.items()}
    answer = sign_in("root").post(LIST, data=form, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["key"]) == (201, "as_files")


def test_a_broken_package_is_refused_with_every_problem(sign_in: SignIn, engine: Engine) -> None:
    refused = sign_in("root").post(LIST, json=sent("broken", role="nobody_of_the_kind", form="missing"))
    assert refused.status_code == 422
    assert refused.content_type == "application/problem+json"
    assert len(refused.json["problems"]) >= 2
    assert sign_in("root").get(f"{LIST}/broken").status_code == 404


def test_names_that_lead_out_of_the_folder_are_refused(sign_in: SignIn, engine: Engine) -> None:
    for name in ("../process.bpmn", "/etc/passwd", ".hidden", "a\\b"):
        answer = sign_in("root").post(CHECKS, json={"key": "sly", "files": {name: "x"}})
        assert answer.status_code == 422, name
    assert sign_in("root").post(CHECKS, json={"key": "Not A Key", "files": {"a": "b"}}).status_code == 422
    assert sign_in("root").post(CHECKS, json=[]).status_code == 422


def test_only_administrators_deploy(sign_in: SignIn, engine: Engine) -> None:
    for who in ("zhao", "wang", "lin", "cha"):
        assert sign_in(who).post(LIST, json=sent("not_mine")).status_code == 403
        assert sign_in(who).post(CHECKS, json=sent("not_mine")).status_code == 403
        assert sign_in(who).post(f"{LIST}/{KEY}/versions/1/publication").status_code == 403
