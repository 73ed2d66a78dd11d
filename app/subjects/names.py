"""How names, codes and queries are compared: one normal form for what people type in many ways."""

from __future__ import annotations

import functools
import re
import unicodedata

from stdnum.cn import uscc

_SPACES = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")


def tidy(text: object) -> str:
    """What a person typed, without control characters and doubled spaces; full-width letters and digits become plain.

    Chinese punctuation stays: （） is how a name is written.
    """
    clean = _CONTROL.sub("", "" if text is None else str(text)).replace("\u3000", " ")
    plain = "".join(unicodedata.normalize("NFKC", c) if "\uff10" <= c <= "\uff5a" and c.isalnum() else c for c in clean)
    return _SPACES.sub(" ", plain).strip()


def name_key(name: object) -> str:
    """The form in which two spellings of one name are equal: no spaces, half-width, lower case."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", tidy(name))).lower()


def code_key(code: object) -> str:
    """A registration number without spaces, hyphens and full-width forms, in capitals."""
    return re.sub(r"[\s\-—－]+", "", unicodedata.normalize("NFKC", tidy(code))).upper()


def is_credit_code(code: str) -> bool:
    """统一社会信用代码 (GB 32100-2015): 18 characters with a check character."""
    return bool(uscc.is_valid(code))


@functools.lru_cache(maxsize=10_000)
def sound(text: str, *, initials: bool = False) -> str:
    """新远 → xinyuan, or xy."""
    # Here: its dictionaries take half a second to load, and most commands never ask.
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER if initials else Style.NORMAL))


def search_text(name: str, id_no: str | None) -> str:
    """What a search looks through: name, number, pinyin and its initials (xinyuan, xyfz)."""
    key = name_key(name)
    full = sound(key)
    initials = sound(key, initials=True)
    return " ".join(dict.fromkeys(part for part in (key, (id_no or "").lower(), full, initials) if part))[:600]
