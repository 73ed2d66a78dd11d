"""An .xlsx is a zip of XML from outside: measured before it is unpacked, and only what is needed is kept."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from app.errors import Invalid
from app.i18n import _

MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 120 * 1024 * 1024
_MAX_PARTS = 2_000
_MAX_RATIO = 250  # XML of real sheets packs 10 to 40 times
_CHUNK = 1 << 18
_NEEDED = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/(workbook|styles|sharedStrings)\.xml|xl/_rels/workbook\.xml\.rels"
    r"|xl/worksheets/[^/]+\.xml|xl/worksheets/_rels/[^/]+\.rels",
    re.IGNORECASE,
)
_OLE = b"\xd0\xcf\x11\xe0"  # an old .xls, or a workbook with a password
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
# What `zipfile` raises, depending on where the damage lies.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def refuse(message: str) -> Invalid:
    return Invalid({"file": [message]}, message)


def unpack(content: bytes) -> dict[str, bytes]:
    """The parts of a workbook that hold values: {name: bytes}. Invalid for what is no harmless workbook.

    Sizes are counted while unpacking: what a zip says about itself proves nothing.
    """
    if not content:
        raise refuse(_("文件是空的"))
    if len(content) > MAX_BYTES:
        raise refuse(_("文件过大，最多 20 MB"))
    if content.startswith(_OLE):
        raise refuse(_("文件是旧版 xls 或设有密码，另存为不带密码的 xlsx 后再导入"))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _parts(archive)
    except _DAMAGED as wrong:
        raise refuse(_("不是完好的 Excel 文件（xlsx）")) from wrong


def repack(parts: dict[str, bytes]) -> io.BytesIO:
    """A workbook with these parts only, so that the reader unpacks nothing that was not measured."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    out.seek(0)
    return out


def _parts(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = archive.infolist()
    if len(members) > _MAX_PARTS:
        raise _bomb()
    if any(member.filename.endswith("vbaProject.bin") for member in members):
        raise refuse(_("文件带有宏，另存为不带宏的 xlsx 后再导入"))
    parts: dict[str, bytes] = {}
    room = MAX_UNPACKED
    for member in members:
        if not _NEEDED.fullmatch(member.filename):
            continue
        if member.filename in parts:
            raise _bomb()
        data = _measured(archive, member, room)
        room -= len(data)
        if any(word in data for word in _FORBIDDEN):
            raise refuse(_("文件内含不允许的定义（DOCTYPE），用 Excel 或 WPS 另存为 xlsx 后再导入"))
        parts[member.filename] = data
    if not any(name.lower() == "xl/workbook.xml" for name in parts):
        raise refuse(_("不是 Excel 文件（xlsx）"))
    return parts


def _measured(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    """One part, given up as soon as it grows beyond what is allowed."""
    limit = min(room, max(member.compress_size * _MAX_RATIO, 1 << 20))
    if member.file_size > limit:
        raise _bomb()
    out = bytearray()
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            out += chunk
            if len(out) > limit:
                raise _bomb()
    return bytes(out)


def _bomb() -> Invalid:
    return refuse(_("文件解压后过大，疑似压缩炸弹，已拒绝；删去无关内容，另存后再导入"))
