"""What a file is, by its content. The name a file comes with proves nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import puremagic

from app.errors import Invalid
from app.i18n import _

IMAGES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "image/bmp",
        "image/heic",
        "image/heif",
    }
)
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT = "text/plain"
EXTENSIONS = {
    "image/jpeg": ".jpg",
    PDF: ".pdf",
    DOCX: ".docx",
    XLSX: ".xlsx",
    TEXT: ".txt",
}

_HEAD = 4096
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


def refuse(message: str) -> Invalid:
    return Invalid({"file": [message]}, message)


def content_type(path: Path, filename: str) -> str:
    """The type the content shows; Invalid for everything that is not on the list."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise refuse(_("文件是空的"))
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "image/heic"
    found = {match.mime_type for match in _magic(head)}
    if images := found & IMAGES:
        return str(min(images))
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _office(path)
    if filename.lower().endswith((".txt", ".csv")) and _is_text(path):
        return TEXT
    raise refuse(_("不支持这种文件，可上传照片（含 HEIC）、PDF、Word（docx）、Excel（xlsx）、txt"))


def _magic(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return list(puremagic.magic_string(head))
    except puremagic.PureError:
        return []


def _office(path: Path) -> str:
    """A Word or Excel file without macros. Only the list of names is read, nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile as wrong:
        raise refuse(_("文件不完整，重新选择后再上传")) from wrong
    if any(name.endswith("vbaProject.bin") for name in names):
        raise refuse(_("文件带有宏，另存为不带宏的格式后再上传"))
    if "[Content_Types].xml" in names:
        if "word/document.xml" in names:
            return DOCX
        if "xl/workbook.xml" in names:
            return XLSX
    raise refuse(_("不支持压缩包，解压后逐个上传"))


def _is_text(path: Path) -> bool:
    data = path.read_bytes()
    if any(byte < 9 or 13 < byte < 32 for byte in data):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
            return True
        except UnicodeDecodeError:
            continue
    return False
