"""The list of processes; drafts of a version, copies under another key, imports and exports, deletion."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.audit import AuditRecord
from app.config import ROOT
from app.designer.drafts import Draft, package_of
from app.engine import load_folder
from tests.designer.drafts.conftest import EXAMPLE, NewDraft

SignIn = Callable[[str], FlaskClient]
KEY = "hazard_request"
FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 id="d" targetNamespace="x" exporter="Another Modeler">
<process id="Process_0abc" name="报销"><startEvent id="s"/><task id="t" name="填单" camunda:asyncBefore="true"/>
<complexGateway id="g"/><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="t"/>
<sequenceFlow id="f2" sourceRef="t" targetRef="g"/><sequenceFlow id="f3" sourceRef="g" targetRef="e"/></process>
</definitions>"""


def newest(app: Flask) -> Draft:
    with app.extensions["duban.sessions"]() as session:
        draft = session.scalars(sa.select(Draft).order_by(Draft.id.desc())).first()
        assert draft is not None
        return draft


def files_of(app: Flask, draft: Draft) -> Mapping[str, bytes]:
    with app.extensions["duban.sessions"]() as session:
        return package_of(session, draft).files


def upload(client: FlaskClient, name: str, content: bytes, key: str = "") -> TestResponse:
    return client.post("/designer/imports", data={"file": (io.BytesIO(content), name), "key": key})


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_the_list_has_every_process_with_its_version(sign_in: SignIn) -> None:
    page = sign_in("root").get("/designer").get_data(as_text=True)
    for folder in ROOT.glob("bpmn/*/process.toml"):
        assert load_folder(folder.parent).manifest["title"]["zh"] in page


def test_a_draft_begins_as_the_version_in_force(app: Flask, sign_in: SignIn) -> None:
    made = sign_in("root").post("/designer/drafts", data={"process": KEY})
    assert made.status_code == 303
    draft = newest(app)
    assert (draft.key, draft.base_version, draft.rev) == (KEY, 1, 1)
    assert files_of(app, draft) == load_folder(ROOT / "bpmn" / KEY).files
    page = sign_in("root").get("/designer").get_data(as_text=True)
    assert draft.id in page
    assert "系统管理员" in page


def test_a_draft_is_called_as_its_process_in_the_language_of_the_reader(
    app: Flask, sign_in: SignIn, new_draft: NewDraft
) -> None:
    toml = EXAMPLE.files["process.toml"]
    named = {
        "采购申请": "Purchase request",
        "采购申请（副本）": "Purchase request (copy)",
        "消防专用": "消防专用",  # a title of somebody's own stays
    }
    drafts = {title: new_draft(title=title) for title in named}
    broken = new_draft(files={**EXAMPLE.files, "process.toml": toml[:40]})
    client = sign_in("root")

    def called(draft: Draft) -> str:
        found = re.search(r"<h1[^>]*>([^<]*)</h1>", client.get(f"/designer/drafts/{draft.id}").get_data(as_text=True))
        assert found is not None
        return found[1]

    assert {title: called(draft) for title, draft in drafts.items()} == {title: title for title in named}
    client.post("/preferences", data={"locale": "en", "next": "/"})
    try:
        assert {title: called(draft) for title, draft in drafts.items()} == named
        assert called(broken) == "采购申请"
    finally:
        client.post("/preferences", data={"locale": "zh_Hans_CN", "next": "/"})


def test_what_does_not_exist_begins_nothing(sign_in: SignIn) -> None:
    assert sign_in("root").post("/designer/drafts", data={"process": "nothing"}).status_code == 404
    assert sign_in("root").post("/designer/drafts", data={"process": KEY, "version": "9"}).status_code == 404


def test_a_copy_is_a_sound_process_of_its_own(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("root")
    assert client.post("/designer/drafts", data={"process": KEY, "key": "fire_request"}).status_code == 303
    draft = newest(app)
    assert (draft.key, draft.base_version) == ("fire_request", None)
    found = client.get(f"/designer/drafts/{draft.id}/check", headers={"Accept": "application/json"}).json
    assert [problem for problem in found["problems"] if problem["severity"] == "error"] == []
    again = client.post("/designer/drafts", data={"process": KEY, "key": "fire_request"})
    assert again.status_code == 422
    assert "已有编号为 fire_request 的流程或草稿" in again.get_data(as_text=True)


@pytest.mark.parametrize("key", ["", "Fire", "9lives", "a b", "x" * 81, "hazard_rectification"])
def test_a_key_that_cannot_be_is_refused_and_kept_in_the_form(sign_in: SignIn, key: str) -> None:
    page = sign_in("root").post("/designer/drafts", data={"process": KEY, "key": key})
    assert page.status_code == 422
    assert f'value="{key}"' in page.get_data(as_text=True)


def test_a_package_goes_out_and_comes_in_again_byte_for_byte(app: Flask, sign_in: SignIn, new_draft: NewDraft) -> None:
    client, draft = sign_in("root"), new_draft()
    packed = client.get(f"/designer/drafts/{draft.id}/package.zip")
    assert packed.mimetype == "application/zip"
    assert upload(client, "any.zip", packed.data).status_code == 303
    back = newest(app)
    assert back.id != draft.id
    assert (back.key, back.title) == (EXAMPLE.key, "采购申请")
    assert files_of(app, back) == EXAMPLE.files
    diagram = client.get(f"/designer/drafts/{draft.id}/process.bpmn").data
    assert diagram == EXAMPLE.files["process.bpmn"]


def test_a_diagram_of_another_tool_opens_and_what_cannot_be_run_is_named(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("root")
    assert upload(client, "报销.bpmn", FOREIGN.encode()).status_code == 303
    draft = newest(app)
    assert (draft.key, draft.title) == ("process_0abc", "报销")
    files = client.get(f"/designer/drafts/{draft.id}/files").json
    assert files["files"]["process.bpmn"] == FOREIGN
    assert files["layout"] is False
    found = client.get(f"/designer/drafts/{draft.id}/check", headers={"Accept": "application/json"}).json["problems"]
    said = " ".join(problem["text"] for problem in found)
    assert "复杂网关" in said
    assert {"element_unsupported", "key_mismatch", "not_executable"} <= {problem["code"] for problem in found}
    assert next(p for p in found if p["element"] == "t" and p["fix"])["fix"]["label"] == "改为用户任务"


def damaged() -> bytes:
    """An archive whose packed bytes are no packed bytes."""
    content = zipped({"process.toml": "x" * 5000})
    begin = content.index(b"process.toml") + len("process.toml")
    return content[:begin] + b"\xff" * 8 + content[begin + 8 :]


def bomb() -> bytes:
    """Few bytes that Python unpacks as a whole, however many they become."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("process.toml", b"0" * 1_000_000)
    return out.getvalue()


BAD = {
    "../evil.toml": zipped({"../evil.toml": "x", "process.toml": "x"}),
    "/etc/passwd": zipped({"/etc/passwd": "x"}),
    "process.bpmn": zipped({"process.bpmn": b"0" * (3 * 1024 * 1024)}),
    "合计过大": zipped({f"forms/f{n}.json": b"0" * (2 * 1024 * 1024) for n in range(9)}),
    "最多 200 个": zipped({f"forms/f{n}.json": "{}" for n in range(201)}),
    "没有 process.bpmn": zipped({"readme.txt": "x"}),
    "已损坏": b"PK\x03\x04 nothing",
    "或不是 zip 格式": damaged(),
    "压缩方式不受支持": bomb(),
    "请选择 .bpmn 文件": b"hello",
    "文件是空的": b"",
}


@pytest.mark.parametrize(("name", "content"), BAD.items(), ids=BAD)
def test_an_archive_that_would_do_harm_is_refused_by_name(sign_in: SignIn, name: str, content: bytes) -> None:
    refused = upload(sign_in("root"), "package.zip", content)
    assert refused.status_code == 422
    assert name in refused.get_data(as_text=True)


def test_a_link_in_an_archive_is_refused(sign_in: SignIn) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("process.toml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    refused = upload(sign_in("root"), "package.zip", out.getvalue())
    assert refused.status_code == 422
    assert "不能有链接" in refused.get_data(as_text=True)


@pytest.mark.parametrize("xml", ['<!DOCTYPE x [<!ENTITY a "b">]><x/>', "<x>", "<x/>"])
def test_a_file_that_is_no_diagram_is_refused(sign_in: SignIn, xml: str) -> None:
    assert upload(sign_in("root"), "a.bpmn", xml.encode()).status_code == 422


def test_what_file_managers_add_is_left_out_and_said(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("root")
    files = {f"folder/{name}": content for name, content in EXAMPLE.files.items()}
    sent = upload(client, "p.zip", zipped({**files, "__MACOSX/folder/._process.toml": "x"}))
    assert sent.status_code == 303
    assert files_of(app, newest(app)) == EXAMPLE.files
    assert "__MACOSX/folder/._process.toml" in client.get(sent.location).get_data(as_text=True)


def test_what_could_not_be_saved_is_kept_as_a_draft_of_its_own(
    app: Flask, sign_in: SignIn, new_draft: NewDraft
) -> None:
    client, draft = sign_in("root"), new_draft()
    path, headers = f"/designer/drafts/{draft.id}", {"Accept": "application/json"}
    assert (
        client.put(f"{path}/files", json={"rev": 1, "files": {"process.bpmn": "theirs"}}, headers=headers).status_code
        == 200
    )
    mine = {"process.bpmn": "mine", "forms/review.json": None}
    assert client.put(f"{path}/files", json={"rev": 1, "files": mine}, headers=headers).status_code == 409
    kept = client.post(f"{path}/copies", json={"files": mine}, headers=headers)
    assert kept.status_code == 201
    files = client.get(f"/designer/drafts/{kept.json['id']}/files").json["files"]
    assert files["process.bpmn"] == "mine"
    assert "forms/review.json" not in files
    assert client.get(f"{path}/files").json["files"]["process.bpmn"] == "theirs"


def test_a_draft_is_deleted_once_and_the_log_remembers(app: Flask, sign_in: SignIn, new_draft: NewDraft) -> None:
    client, draft = sign_in("root"), new_draft()
    assert sign_in("shen").post(f"/designer/drafts/{draft.id}/deletion").status_code == 404
    assert client.post(f"/designer/drafts/{draft.id}/deletion").status_code == 303
    assert client.post(f"/designer/drafts/{draft.id}/deletion").status_code == 404
    with app.extensions["duban.sessions"]() as session:
        actions = session.scalars(sa.select(AuditRecord.action).where(AuditRecord.object_id == draft.id)).all()
        assert actions == ["drafts.created", "drafts.deleted"]


@pytest.mark.parametrize("key", ["shen", "wang", "wu"])
def test_an_outsider_begins_imports_and_takes_nothing(sign_in: SignIn, new_draft: NewDraft, key: str) -> None:
    client, draft = sign_in(key), new_draft()
    assert client.post("/designer/drafts", data={"process": KEY}).status_code == 404
    assert upload(client, "a.bpmn", FOREIGN.encode()).status_code == 404
    assert client.get(f"/designer/drafts/{draft.id}/package.zip").status_code == 404
    assert client.post(f"/designer/drafts/{draft.id}/copies", json={"files": {}}).status_code == 404
