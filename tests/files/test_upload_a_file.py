"""Uploading photos and documents: what is taken, what is refused, what is left after a broken one."""

from __future__ import annotations

import gc
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.files import MAX_BYTES, Attachment, operations
from app.files.storage import path_of
from tests.files import pictures

SignIn = Callable[[str], FlaskClient]


def upload(browser: FlaskClient, content: bytes, name: str, kind: str = "file", path: str = "/api/v1/files") -> Any:
    return browser.post(path, data={"file": (io.BytesIO(content), name), "kind": kind})


def everything(app: Flask) -> set[Path]:
    """All files on disk below the upload folder."""
    return {path for path in app.extensions["duban.settings"].uploads.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("content", "name", "stored", "kind"),
    [
        (pictures.photo(), "现场.jpg", "现场.jpg", "image/jpeg"),
        (pictures.photo("PNG"), "截图.png", "截图.jpg", "image/jpeg"),
        (pictures.photo("WEBP"), "a.webp", "a.jpg", "image/jpeg"),
        (pictures.photo("GIF"), "a.gif", "a.jpg", "image/jpeg"),
        (pictures.heic(), "IMG_0001.HEIC", "IMG_0001.jpg", "image/jpeg"),
        (pictures.photo(), "改了名.pdf", "改了名.jpg", "image/jpeg"),  # the content decides, not the name
        (pictures.PDF, "通知.pdf", "通知.pdf", "application/pdf"),
        (pictures.PDF, "通知.exe", "通知.pdf", "application/pdf"),
        (pictures.document(), "方案.docx", "方案.docx", "wordprocessingml"),
        (pictures.document(kind="excel"), "台账.xlsx", "台账.xlsx", "spreadsheetml"),
        ("说明文字".encode("gb18030"), "说明.txt", "说明.txt", "text/plain"),
    ],
)
def test_what_offices_send_is_taken(sign_in: SignIn, content: bytes, name: str, stored: str, kind: str) -> None:
    answer = upload(sign_in("zhao"), content, name)
    assert answer.status_code == 201, answer.text
    assert answer.json["name"] == stored and kind in answer.json["content_type"]
    got = sign_in("zhao").get(answer.json["url"])
    assert got.status_code == 200 and len(got.data) == answer.json["size"]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "空.txt", "文件是空的"),
        (b"MZ\x90\x00" + b"\0" * 200, "程序.exe", "不支持这种文件"),
        (b"<html><script>alert(1)</script></html>", "网页.jpg", "不支持这种文件"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "图.svg", "不支持这种文件"),
        (b"\x00\x01binary", "说明.txt", "不支持这种文件"),
        (pictures.archive(), "包.zip", "不支持压缩包"),
        (pictures.document("word/vbaProject.bin"), "宏.docm", "文件带有宏"),
        (b"PK\x03\x04broken", "坏.docx", "文件不完整"),
        (pictures.photo()[:300], "半张.jpg", "没有传完整"),
        (pictures.heic()[:200], "半张.heic", "没有传完整"),
    ],
)
def test_what_is_refused_says_why_and_leaves_nothing(
    app: Flask, sign_in: SignIn, content: bytes, name: str, said: str
) -> None:
    before = everything(app)
    answer = upload(sign_in("zhao"), content, name)
    assert answer.status_code == 422
    assert said in answer.get_json(force=True)["errors"]["file"][0]
    assert everything(app) == before


def test_where_a_photo_is_wanted_nothing_else_is_taken(app: Flask, sign_in: SignIn) -> None:
    before = everything(app)
    refused = upload(sign_in("zhao"), pictures.PDF, "通知.pdf", kind="photo")
    assert refused.status_code == 422 and "只能上传照片" in refused.text
    assert everything(app) == before
    assert upload(sign_in("zhao"), pictures.heic(), "a.heic", kind="photo").status_code == 201


def test_the_page_that_uploads_gets_json_as_well(sign_in: SignIn) -> None:
    answer = upload(sign_in("zhao"), pictures.photo(), "a.jpg", path="/files")
    assert answer.status_code == 201 and answer.json["thumbnail_url"].endswith("/thumbnail")


def test_a_photo_keeps_place_and_time_in_columns_and_nowhere_in_the_file(sign_in: SignIn, session: Session) -> None:
    answer = upload(sign_in("sun"), pictures.photo_with_place(), "现场.jpg")
    stored = session.get_one(Attachment, answer.json["id"])
    assert (stored.latitude, stored.longitude) == (37.5, 121.4)
    assert stored.taken_at is not None and stored.taken_at.isoformat() == "2026-04-09T02:20:30+00:00"
    assert (stored.width, stored.height) == (200, 320)  # upright
    content = sign_in("sun").get(answer.json["url"]).data
    assert b"Exif" not in content and b"SECRET" not in content
    assert stored.original_sha256 != stored.sha256


def test_a_large_photo_is_made_smaller_and_a_bomb_refused(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = upload(sign_in("zhao"), pictures.photo(size=(5000, 1000)), "宽.jpg")
    assert answer.json["width"] == 4096
    bomb = pictures.photo("PNG", size=(10_000, 7_000))
    refused = upload(sign_in("zhao"), bomb, "炸弹.png")
    assert refused.status_code == 422 and "6000 万像素" in refused.text


def test_more_than_twenty_megabytes_are_refused_by_their_length(app: Flask, sign_in: SignIn) -> None:
    before = everything(app)
    answer = upload(sign_in("zhao"), b"x" * (MAX_BYTES + 100_000), "大.txt")
    assert answer.status_code == 413
    assert everything(app) == before


def test_a_stream_that_never_ends_is_cut_off(app: Flask) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * (size if size > 0 else 1 << 16)

    from app.errors import Invalid

    before = everything(app)
    with pytest.raises(Invalid, match="20 MB"):
        operations.prepare(Endless(), "无尽.txt")  # type: ignore[arg-type]
    assert everything(app) == before


def test_a_connection_that_breaks_off_leaves_nothing(app: Flask, sign_in: SignIn, session: Session) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            part = super().read(size)
            if self.tell() > 200:
                raise ConnectionResetError("gone")
            return part

    before, rows = everything(app), session.scalar(sa.select(sa.func.count()).select_from(Attachment))
    with pytest.raises(ConnectionResetError):
        operations.prepare(Broken(pictures.photo(size=(900, 900))), "断.jpg")
    assert everything(app) == before
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == rows


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
def test_a_body_shorter_than_it_says_is_refused(app: Flask, sign_in: SignIn) -> None:
    before = everything(app)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    answer = sign_in("zhao").post(
        "/files", data=head + pictures.photo()[:400], content_type="multipart/form-data; boundary=x"
    )
    assert 400 <= answer.status_code < 500
    assert everything(app) == before
    gc.collect()  # Werkzeug leaves the closing of its part file to the collector, which warns


def test_a_request_without_a_file_is_told_so(sign_in: SignIn) -> None:
    answer = sign_in("zhao").post("/api/v1/files", data={"kind": "photo"})
    assert answer.status_code == 422 and "没有选择文件" in answer.text


def test_strangers_upload_nothing(app: Flask, anonymous: FlaskClient) -> None:
    before = everything(app)
    assert upload(anonymous, pictures.photo(), "a.jpg").status_code == 401
    assert upload(anonymous, pictures.photo(), "a.jpg", path="/files").status_code == 302
    assert everything(app) == before


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\报告.pdf", "报告.pdf"),
        ("<img src=x onerror=alert(1)>.pdf", "<img src=x onerror=alert(1)>.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
        ("." * 20 + ".pdf", "附件.pdf"),
        ("很" * 300 + ".pdf", "很" * 150 + ".pdf"),
    ],
)
def test_a_dangerous_name_becomes_a_harmless_one(app: Flask, session: Session, sent: str, stored: str) -> None:
    prepared = operations.prepare(io.BytesIO(pictures.PDF), sent)
    assert prepared.name == stored
    assert path_of(prepared.key).name == prepared.key  # on disk nothing of the name remains
