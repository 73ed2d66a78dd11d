"""Which column is which. Offices call the same thing by many names, in any order, under titles of their own."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from app.hazards.ledger.workbook import Row, Sheet
from app.i18n import lazy_
from app.subjects import tidy

# What a column is called when the file has none: used in messages.
LABELS = {
    "external_no": lazy_("隐患编号"),
    "serial": lazy_("序号"),
    "subject_name": lazy_("企业名称"),
    "credit_code": lazy_("统一社会信用代码"),
    "town": lazy_("镇街"),
    "village": lazy_("村居"),
    "address": lazy_("地址"),
    "sector": lazy_("领域"),
    "category": lazy_("隐患类别"),
    "description": lazy_("隐患描述"),
    "location": lazy_("部位"),
    "grade": lazy_("隐患级别"),
    "found_on": lazy_("检查日期"),
    "found_by": lazy_("检查人"),
    "due_on": lazy_("整改期限"),
    "owner": lazy_("整改责任人"),
    "status": lazy_("整改状态"),
    "progress": lazy_("整改情况"),
    "done_on": lazy_("完成时间"),
    "supervisor": lazy_("监管部门"),
    "legal_basis": lazy_("法律依据"),
    "requirement": lazy_("整改要求"),
    "manager": lazy_("主要负责人"),
    "phone": lazy_("联系电话"),
    "note": lazy_("备注"),
}
_NAMES: dict[str, list[str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_LOOKED_AT = 40  # rows among which the headings are sought
_LEAST = 3  # headings that make a row a head
_BRACKETS = re.compile(r"[(（\[【〔<《].*?[)）\]】〕>》]")
_NOT_WORDS = re.compile(r"[\W_]+")


def heading_key(text: object) -> str:
    """A heading without spaces, line breaks, punctuation, brackets and the marks of compulsory columns."""
    words = unicodedata.normalize("NFKC", tidy(text))
    outside = _NOT_WORDS.sub("", _BRACKETS.sub("", words)).lower()
    return outside or _NOT_WORDS.sub("", words).lower()


def _known() -> dict[str, tuple[str, int]]:
    """Heading → field and rank: the more usual name wins where two columns could be the same."""
    found: dict[str, tuple[str, int]] = {}
    for name, words in _NAMES.items():
        for rank, word in enumerate(words):
            if found.setdefault(heading_key(word), (name, rank))[0] != name:
                raise ValueError(f"{word} names two columns")
    return found


KNOWN = _known()


@dataclass(frozen=True)
class Head:
    """The recognised columns of a sheet: field → (index, heading as written). Data begins after `row`."""

    sheet: Sheet
    row: int  # number of the last heading row
    columns: dict[str, tuple[int, str]] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)


def find_head(sheet: Sheet) -> Head | None:
    """The row (or two, where groups stand above) that names the columns; None for a sheet that is no ledger.

    A ledger names at least the hazard and whose it is.
    """
    best: Head | None = None
    rows = sheet.rows[:_LOOKED_AT]
    for index, row in enumerate(rows):
        for candidate in _candidates(sheet, row, rows[index + 1] if index + 1 < len(rows) else None):
            if best is None or len(candidate.columns) > len(best.columns):
                best = candidate
    if best is None or len(best.columns) < _LEAST or "description" not in best.columns:
        return None
    return best if best.columns.keys() & {"subject_name", "credit_code"} else None


def is_head(head: Head, row: Row) -> bool:
    """Whether a row below repeats the headings, as printed ledgers do on every page."""
    texts = [(heading_key(row[i].value), heading_key(text)) for i, text in head.columns.values() if not row[i].blank]
    return len(texts) >= _LEAST and all(here == there for here, there in texts)


def _candidates(sheet: Sheet, row: Row, below: Row | None) -> Iterable[Head]:
    upper = [_text(cell.value) for cell in row.cells]
    yield _head(sheet, row.number, upper)
    if below is None:
        return
    lower = [_text(cell.value) for cell in below.cells]
    named = [text for text in lower if text]
    if len(named) >= 2 and all(heading_key(text) in KNOWN for text in named):
        width = max(len(upper), len(lower))
        pairs = zip(upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower)), strict=True)
        yield _head(sheet, below.number, [under or over for over, under in pairs])


def _head(sheet: Sheet, number: int, texts: list[str]) -> Head:
    found: dict[str, tuple[int, int, str]] = {}
    for index, text in enumerate(texts):
        name, rank = KNOWN.get(heading_key(text), ("", 0))
        if name and (name not in found or rank < found[name][0]):
            found[name] = (rank, index, text)
    columns = {name: (index, text) for name, (_rank, index, text) in found.items()}
    used = {index for index, _text in columns.values()}
    unused = [text for index, text in enumerate(texts) if text and index not in used]
    return Head(sheet, number, columns, unused)


def _text(value: object) -> str:
    return tidy(value)[:60] if isinstance(value, str) else ""
