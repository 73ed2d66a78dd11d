"""Small workbooks for one question each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

HEAD = ("企业名称", "统一社会信用代码", "镇街", "领域", "隐患描述", "检查日期", "整改期限", "整改状态")


def workbook(*rows: Sequence[Any], head: Sequence[Any] | None = HEAD) -> bytes:
    """One sheet: the headings, then the rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in ([head] if head else []) + list(rows):
        sheet.append(list(row))
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(content: bytes, name: str, data: bytes) -> bytes:
    """The same workbook with one part replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, data)
    return out.getvalue()


def part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)
