"""The backup file: a tar.gz of rows as JSON lines and of attachments, with a manifest that comes last and is sealed.

    tables/<table>.<part>.jsonl     one row a line, {column: value}; bytes as base64, instants as ISO 8601 in UTC
    files/ab/cd/<key>               as they lie in DUBAN_HOME
    manifest.json                   what it holds, with a SHA-256 for every member; without it the file is not whole

The same on every database, so that what was kept on SQLite can be restored on PostgreSQL and back.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson
import sqlalchemy as sa

FORMAT = 1
MANIFEST = "manifest.json"
MEMBER = re.compile(r"tables/[a-z_]+\.\d+\.jsonl|files/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{32}(_t)?|manifest\.json")
_CHUNK = 1 << 20


class Refused(Exception):
    """The backup cannot be made or restored; the text says why and what to do."""


def seal(content: Mapping[str, Any], secret: str) -> str:
    """HMAC of a manifest."""
    text = orjson.dumps(dict(content), option=orjson.OPT_SORT_KEYS)
    return hmac.new(secret.encode(), b"duban backup|" + text, hashlib.sha256).hexdigest()


def secret_mark(secret: str) -> str:
    """Tells whether two secrets are the same one, and nothing else about them."""
    return hmac.new(secret.encode(), b"duban backup: which secret", hashlib.sha256).hexdigest()[:16]


# Writing --------------------------------------------------------------------------------------------------------------


class Writer:
    """Adds members one after another and keeps their checksums for the manifest."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, content: bytes) -> None:
        self._put(name, io.BytesIO(content), len(content), hashlib.sha256(content).hexdigest())

    def add_file(self, name: str, path: Path) -> None:
        """FileNotFoundError when it is gone."""
        with path.open("rb") as file:
            digest, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
            file.seek(0)
            self._put(name, file, size, digest)

    def _put(self, name: str, stream: IO[bytes], size: int, sha256: str) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, stream)
        self.members[name] = {"size": size, "sha256": sha256}

    def close(self, content: dict[str, Any], secret: str) -> dict[str, Any]:
        manifest = content | {"format": FORMAT, "secret": secret_mark(secret), "members": self.members}
        manifest["seal"] = seal(manifest, secret)
        self.add(MANIFEST, orjson.dumps(manifest))
        return manifest


def encode(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps({str(name): _plain(value) for name, value in row.items()}) + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return base64.b64encode(value).decode()
    return value


# Reading --------------------------------------------------------------------------------------------------------------


def read_verified(path: Path, secret: str) -> dict[str, Any]:
    """The manifest, after every byte was read once and compared with it. Refused when anything is not as written."""
    found: dict[str, dict[str, Any]] = {}
    content = b""
    try:
        with tarfile.open(path, "r|gz") as tar:
            for name, stream in members(tar):
                digest, size, kept = hashlib.sha256(), 0, []
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    if name == MANIFEST:
                        kept.append(chunk)
                found[name] = {"size": size, "sha256": digest.hexdigest()}
                content = b"".join(kept) or content
    except (OSError, EOFError, tarfile.TarError) as broken:
        raise Refused(f"备份文件已损坏或不完整 / the backup is damaged or cut off: {broken}") from broken
    return _checked(content, found, secret)


def _checked(content: bytes, found: dict[str, dict[str, Any]], secret: str) -> dict[str, Any]:
    if not content:
        raise Refused("备份不完整，没有清单 / the backup is not whole: it has no manifest")
    try:
        manifest: dict[str, Any] = orjson.loads(content)
    except orjson.JSONDecodeError as broken:
        raise Refused("备份清单已损坏 / the backup's manifest is damaged") from broken
    if manifest.get("format") != FORMAT:
        raise Refused(f"备份格式 {manifest.get('format')} 不能读取 / this format of backup cannot be read")
    if manifest.get("secret") != secret_mark(secret):
        raise Refused(
            "备份是用另一个密钥封存的：请设置与原系统相同的 DUBAN_SECRET_KEY（或复制原数据目录中的 secret_key 文件）\n"
            "the backup was sealed with another secret: give the original DUBAN_SECRET_KEY, or put the file secret_key "
            "of the original data folder into this one"
        )
    mac = manifest.pop("seal", "")
    if not hmac.compare_digest(str(mac), seal(manifest, secret)):
        raise Refused("备份清单已被改动 / the backup's manifest was changed")
    del found[MANIFEST]
    wrong = [
        name for name in sorted({*found, *manifest["members"]}) if found.get(name) != manifest["members"].get(name)
    ]
    if wrong:
        raise Refused(f"备份内容与清单不符 / content does not match its checksum: {', '.join(wrong[:5])}")
    return manifest


def members(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    """Regular files with names of ours; anything else is refused."""
    for info in tar:
        stream = tar.extractfile(info) if info.isreg() and MEMBER.fullmatch(info.name) else None
        if stream is None:
            raise Refused(f"备份中有不认识的内容 / the backup holds something unknown: {info.name}")
        yield info.name, stream


@contextmanager
def opened(path: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    with tarfile.open(path, "r|gz") as tar:
        yield members(tar)


def decode(line: bytes, table: sa.Table) -> dict[str, Any]:
    """A row for this table. A column that the table does not have is an error of its own, told by the database."""
    row: dict[str, Any] = orjson.loads(line)
    return {name: _typed(value, table.c[name].type) for name, value in row.items()}


def _typed(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    if value is None:
        return None
    if isinstance(kind, sa.DateTime):
        at = dt.datetime.fromisoformat(value)
        return at if kind.timezone else at.replace(tzinfo=None)
    if isinstance(kind, sa.Date):
        return dt.date.fromisoformat(value)
    if isinstance(kind, sa.LargeBinary):
        return base64.b64decode(value)
    return value
