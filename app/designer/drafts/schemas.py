"""What a draft's files may be called and how large they may be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from app.errors import Invalid
from app.i18n import _

MOST_FILES = 200
LARGEST_FILE = 2 * 1024 * 1024  # bytes; what the engine takes
LARGEST_DRAFT = 16 * 1024 * 1024
_KEY = re.compile(r"[a-z][a-z0-9_]{0,79}")
_PART = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff\\/:*?\"<>|]+")

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def is_key(text: str) -> bool:
    """Whether a process may be called so: small letters, digits and _, a letter first."""
    return bool(_KEY.fullmatch(text))


def is_file_name(name: str) -> bool:
    """A path inside the folder: no way out of it, nothing hidden, nothing that some system could not store."""
    parts = name.split("/")
    return 0 < len(name) <= 200 and all(
        _PART.fullmatch(part) and not part.startswith(".") and part == part.strip() for part in parts
    )


def check_files(files: Mapping[str, bytes | None]) -> None:
    """Raises Invalid, naming the first file that cannot be taken."""
    for name, content in files.items():
        if not is_file_name(name):
            raise Invalid({"files": [_("文件名不可用：%(name)s", name=name[:80])]})
        if content is not None and len(content) > LARGEST_FILE:
            raise Invalid({"files": [_("文件过大（每个最多 %(n)s MB）：%(name)s", n=LARGEST_FILE >> 20, name=name)]})
        if content is not None and _HALF.search(content) and not _is_whole(content):
            raise Invalid({"files": [_("文件里有不成对的转义字符：%(name)s", name=name)]})


def _is_whole(content: bytes) -> bool:
    """Whether what is escaped in JSON comes to characters that can be written again."""
    try:
        json.dumps(json.loads(content), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    except (ValueError, RecursionError):
        return True  # no JSON: the check says so
    return True


def check_whole(files: Mapping[str, bytes]) -> None:
    """Raises Invalid where all files together are too many or too large."""
    if len(files) > MOST_FILES:
        raise Invalid({"files": [_("文件过多，最多 %(n)s 个", n=MOST_FILES)]})
    if sum(map(len, files.values())) > LARGEST_DRAFT:
        raise Invalid({"files": [_("全部文件合计过大，最多 %(n)s MB", n=LARGEST_DRAFT >> 20)]})
