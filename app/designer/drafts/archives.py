"""Drafts from files that somebody brings, and files to take along. What cannot be taken is refused by its name."""

from __future__ import annotations

import io
import re
import stat
import tomllib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.designer.drafts.editing import toml_text
from app.designer.drafts.schemas import LARGEST_DRAFT, LARGEST_FILE, MOST_FILES, is_file_name, is_key
from app.engine import XMLRefused, open_xml, read_diagram
from app.errors import Invalid
from app.i18n import _

MANIFEST, DIAGRAM = "process.toml", "process.bpmn"
LARGEST_UPLOAD = 8 * 1024 * 1024
_JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")


@dataclass(frozen=True)
class Imported:
    """The files of a draft to be. `left_out` names what a file manager had added and no process needs."""

    key: str
    title: str
    files: Mapping[str, bytes]
    left_out: list[str] = field(default_factory=list)


def read_upload(name: str, content: bytes, key: str = "") -> Imported:
    """A package as .zip, or one diagram as .bpmn. `key` is how the process is to be called, if it is said.

    Raises Invalid for field `file` or `key`.
    """
    if len(content) > LARGEST_UPLOAD:
        raise _refused(_("文件过大，最多 %(n)s MB", n=LARGEST_UPLOAD >> 20))
    if not content:
        raise _refused(_("文件是空的"))
    if content[:4] == b"PK\x03\x04":
        return _package(content, key)
    if name.lower().endswith((".bpmn", ".xml")):
        return _diagram(name, content, key)
    raise _refused(_("请选择 .bpmn 文件，或整个流程的 .zip 文件"))


def _refused(text: str) -> Invalid:
    return Invalid({"file": [text]})


def _diagram(name: str, content: bytes, key: str) -> Imported:
    """A diagram alone, of this or another tool: what goes with it is made so that it can be worked on."""
    try:
        root = open_xml(content)
    except XMLRefused as refused:
        raise Invalid({"file": [_said(fault.zh, fault.en) for fault in refused.faults]}) from None
    if not str(root.tag).endswith("}definitions") or "BPMN" not in str(root.tag):
        raise _refused(_("这不是 BPMN 2.0 流程图"))
    diagram = read_diagram(content)
    process = next(iter(diagram.processes.values()), None)
    own = process.id if process else ""
    stem = re.sub(r"\.(bpmn2?\d*|xml)$", "", name.rsplit("/", 1)[-1], flags=re.IGNORECASE)
    key = _key(key, own, stem)
    title = (process.name if process else "") or stem or key
    return Imported(key, title, {DIAGRAM: content, MANIFEST: toml_text(key, title, title, []).encode()})


def _said(zh: str, en: str) -> str:
    from app.i18n import bilingual

    return bilingual(zh, en)


def _key(*wanted: str) -> str:
    """The first that is a key, or can be made one: `Process_1abc` → `process_1abc`."""
    if wanted[0] and not is_key(wanted[0]):
        raise Invalid({"key": [_("流程编号只能由小写字母、数字和“_”组成，以字母开头")]})
    for text in wanted:
        made = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:80]
        made = made if not made or made[0].isalpha() else f"p_{made}"[:80]
        if is_key(made):
            return made
    return "process"


def _package(content: bytes, key: str) -> Imported:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files, left_out = _unpacked(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError):
        raise _refused(_("压缩文件已损坏，或不是 zip 格式")) from None
    folder, files = _without_folder(files)
    if not files:
        raise _refused(_("压缩文件里没有流程文件"))
    if DIAGRAM not in files and MANIFEST not in files:
        raise _refused(_("压缩文件里没有 process.bpmn，也没有 process.toml"))
    named = _manifest(files)
    own = named.get("key")
    title = named.get("title")
    key = _key(key, own if isinstance(own, str) else "", folder)
    zh = title.get("zh") if isinstance(title, dict) else None
    return Imported(key, zh if isinstance(zh, str) and zh else key, files, left_out)


def _manifest(files: Mapping[str, bytes]) -> dict[str, object]:
    try:
        return tomllib.loads(files.get(MANIFEST, b"").decode())
    except (ValueError, RecursionError):
        return {}


def _unpacked(archive: zipfile.ZipFile) -> tuple[dict[str, bytes], list[str]]:
    """Every file, read no further than it may be large: what an archive says about its sizes is not believed."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    left_out = [entry.filename for entry in entries if _JUNK.search(entry.filename)]
    entries = [entry for entry in entries if not _JUNK.search(entry.filename)]
    if len(entries) > MOST_FILES:
        raise _refused(_("文件过多，最多 %(n)s 个", n=MOST_FILES))
    files: dict[str, bytes] = {}
    total = 0
    for entry in entries:
        name = entry.filename
        _admit(entry, files)
        with archive.open(entry) as opened:
            files[name] = opened.read(LARGEST_FILE + 1)
        total += len(files[name])
        if len(files[name]) > LARGEST_FILE:
            raise _refused(_("文件过大（每个最多 %(n)s MB）：%(name)s", n=LARGEST_FILE >> 20, name=name[:80]))
        if total > LARGEST_DRAFT:
            raise _refused(_("全部文件合计过大，最多 %(n)s MB", n=LARGEST_DRAFT >> 20))
    return files, left_out


def _admit(entry: zipfile.ZipInfo, files: Mapping[str, bytes]) -> None:
    shown = entry.filename[:80]
    if not is_file_name(entry.filename):
        raise _refused(_("文件名不可用：%(name)s", name=shown))
    if entry.filename in files:
        raise _refused(_("压缩文件里有两个同名文件：%(name)s", name=shown))
    if entry.flag_bits & 0x1:
        raise _refused(_("压缩文件加了密码，读不出：%(name)s", name=shown))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the others as a whole, however little is asked of them: a few bytes may become gigabytes.
        raise _refused(_("压缩方式不受支持，请用普通 zip 重新打包：%(name)s", name=shown))
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _refused(_("压缩文件里不能有链接：%(name)s", name=shown))


def _without_folder(files: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """The folder that all files lie in, if the archive has one around them, and the files inside it."""
    tops = {name.split("/", 1)[0] for name in files}
    if len(tops) != 1 or any("/" not in name for name in files):
        return "", files
    folder = tops.pop()
    return folder, {name[len(folder) + 1 :]: content for name, content in files.items()}


def packed(key: str, files: Mapping[str, bytes]) -> bytes:
    """A zip with the folder that `bpmn/` would hold; equal files give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(f"{key}/{name}", (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
