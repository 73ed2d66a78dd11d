"""Files on disk: random names in fan-out folders, outside the web root. A file appears whole or not at all."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app import web
from app.files.types import refuse
from app.i18n import _

MAX_BYTES = 20 * 1024 * 1024
_CHUNK = 1 << 16
_THUMBNAIL = "_t"


def root() -> Path:
    return web.settings().uploads


def new_key() -> str:
    return secrets.token_hex(16)


def path_of(key: str, *, thumbnail: bool = False) -> Path:
    return root() / key[:2] / key[2:4] / (key + (_THUMBNAIL if thumbnail else ""))


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder of its own for one upload, gone afterwards whatever happens."""
    folder = root() / "incoming" / secrets.token_hex(8)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def receive(stream: IO[bytes], target: Path) -> str:
    """Copy an upload to disk, at most 20 MB; its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise refuse(_("文件过大，最多 20 MB"))
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move_in(path: Path, key: str, *, thumbnail: bool = False) -> None:
    """Put a finished file in its place by one rename."""
    target = path_of(key, thumbnail=thumbnail)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.chmod(0o640)
    path.replace(target)


def copy(key: str, other: str) -> None:
    """The same bytes under another key, thumbnail included. What is not there is not copied."""
    for thumbnail in (False, True):
        source, target = path_of(key, thumbnail=thumbnail), path_of(other, thumbnail=thumbnail)
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(source)


def discard(key: str) -> None:
    for thumbnail in (False, True):
        path_of(key, thumbnail=thumbnail).unlink(missing_ok=True)


def stale(older_than: float) -> Iterator[tuple[str | None, Path]]:
    """Files older than so many seconds: (key, path); leftovers of broken uploads have no key."""
    limit = time.time() - older_than
    for path in root().glob("??/??/*"):
        if path.stat().st_mtime < limit:
            yield path.name.removesuffix(_THUMBNAIL), path
    for path in root().glob("incoming/*/*"):
        if path.stat().st_mtime < limit:
            yield None, path
