"""A process folder as one value: what is checked, deployed and exported, byte for byte."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

MANIFEST, DIAGRAM = "process.toml", "process.bpmn"
MAX_FILE, MAX_FILES = 2 * 1024 * 1024, 200


@dataclass(frozen=True)
class Package:
    """The files of a process by their path inside the folder, `/` between the parts. `key` is the folder's name."""

    key: str
    files: Mapping[str, bytes]

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """process.toml as data; {} when it is missing or broken, which the check names."""
        try:
            return tomllib.loads(self.files.get(MANIFEST, b"").decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
            return {}

    @cached_property
    def content_hash(self) -> str:
        """Equal for equal names and bytes, whatever their order; lengths go in, so that nothing can slide over."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{len(name.encode())} {len(content)} {name}\n".encode())
            digest.update(content)
        return digest.hexdigest()

    @property
    def diagram(self) -> bytes:
        return self.files.get(DIAGRAM, b"")

    def named(self, folder: str, suffix: str) -> dict[str, bytes]:
        """Files directly in a folder by their bare names: `named("forms", ".json")` → {"register": …}."""
        start = f"{folder}/"
        return {
            name[len(start) : -len(suffix)]: content
            for name, content in sorted(self.files.items())
            if name.startswith(start) and name.endswith(suffix) and "/" not in name[len(start) :]
        }


def load_folder(path: Path) -> Package:
    """Read a process folder. Hidden files stay out; of an oversized file one byte too many is read, then refused."""
    path = path.resolve()
    files: dict[str, bytes] = {}
    for file in sorted(path.rglob("*")):
        inner = file.relative_to(path)
        hidden = any(part.startswith((".", "__")) for part in inner.parts)
        if hidden or not file.is_file() or not file.resolve().is_relative_to(path) or len(files) > MAX_FILES:
            continue
        with file.open("rb") as opened:
            files[inner.as_posix()] = opened.read(MAX_FILE + 1)
    return Package(path.name, files)


def package_from_files(key: str, files: Mapping[str, str | bytes]) -> Package:
    """A package from text or bytes by name: the designer, uploads, tests."""
    return Package(
        key,
        {name: content.encode() if isinstance(content, str) else bytes(content) for name, content in files.items()},
    )
