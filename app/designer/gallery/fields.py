"""Form fields in short: one a line, `名称：类型*`, the star for what must be answered.

申请事项*
金额：金额*
使用日期：日期
处理方式：选择（自行整改/委托整改）*
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.i18n import _, lazy_

KINDS: dict[str, tuple[str, Any]] = {  # as it is written → kind of field, what it is called
    "文字": ("text", lazy_("文字")),
    "长文": ("textarea", lazy_("长文")),
    "数字": ("number", lazy_("数值")),
    "金额": ("money", lazy_("金额")),
    "日期": ("date", lazy_("日期")),
    "时间": ("datetime", lazy_("时间")),
    "是否": ("checkbox", lazy_("是否")),
    "照片": ("photos", lazy_("照片")),
    "文件": ("files", lazy_("文件")),
    "人员": ("user", lazy_("人员")),
    "单位": ("organisation", lazy_("单位")),
}
_CHOICE = re.compile(r"(?:选择|单选|choice)\s*[（(](.+)[）)]", re.IGNORECASE)
# What the engine sets or keeps for itself, and what a diagram's own words are.
_TAKEN = {"instance_id", "starter", "completed_by", "signatures", "typename", "self", "data_objects", "decision"}
_PROMOTED = ("number", "money", "date", "checkbox", "radio")
MOST = 30  # fields of one form


@dataclass(frozen=True)
class Field:
    """One field as the form file has it."""

    name: str
    label: str
    kind: str
    required: bool
    options: tuple[tuple[str, str], ...] = ()

    def as_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"name": self.name, "kind": self.kind, "label": {"zh": self.label, "en": self.label}}
        if self.required:
            spec["required"] = True
        if self.kind == "textarea":
            spec |= {"max_length": 2000, "wide": True}
        if self.options:
            spec["options"] = [{"value": value, "label": {"zh": text, "en": text}} for value, text in self.options]
        return spec

    @property
    def is_promoted(self) -> bool:
        """Whether lists and figures can do something with the answer."""
        return self.kind in _PROMOTED

    @property
    def sample(self) -> Any:
        """An answer for the scenario."""
        plain: Mapping[str, Any] = {
            "number": 1, "money": 100, "date": "2026-06-01", "datetime": "2026-06-01T09:00", "checkbox": True,
            "photos": ["photo"], "files": ["file"], "user": "zhao", "organisation": "unit",
        }  # fmt: skip
        return self.options[0][0] if self.options else plain.get(self.kind, "样例")


def identifier(text: str, taken: set[str], fallback: str) -> str:
    """A name from the Chinese: 使用日期 → shi_yong_ri_qi. Added to `taken`, never one that is there."""
    # Here: its dictionaries take half a second to load, and most commands never ask.
    from pypinyin import Style, lazy_pinyin

    spoken = "_".join(lazy_pinyin(text, style=Style.NORMAL))
    name = re.sub(r"[^a-z0-9]+", "_", spoken.lower()).strip("_")[:40].strip("_") or fallback
    name = name if name[0].isalpha() else f"{fallback}_{name}"
    found, number = name, 2
    while found in taken or found in _TAKEN or keyword.iskeyword(found):
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found


def read(text: str, taken: set[str]) -> tuple[list[Field], list[str]]:
    """The fields, and what is wrong, line by line."""
    found: list[Field] = []
    wrong: list[str] = []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST:
        return [], [_("最多 %(n)s 项", n=MOST)]
    for line in lines:
        field = _field(line, taken)
        if field is None:
            wrong.append(_("“%(line)s”的类型不认得", line=line[:60]))
        else:
            found.append(field)
    return found, wrong


def _field(line: str, taken: set[str]) -> Field | None:
    required = line.endswith(("*", "＊"))
    label, _colon, kind = line.rstrip("*＊ ").replace("：", ":", 1).partition(":")
    label, kind = label.strip()[:60], kind.strip()
    if not label:
        return None
    if choice := _CHOICE.fullmatch(kind):
        texts = [one.strip() for one in re.split(r"[/、,，|]", choice[1]) if one.strip()]
        values: set[str] = set()
        options = tuple((identifier(one, values, "value"), one) for one in texts)
        name = identifier(label, taken, "field")
        return Field(name, label, "radio", required, options) if options else None
    meant = _kind(kind or "文字")
    return Field(identifier(label, taken, "field"), label, meant, required) if meant else None


def _kind(text: str) -> str | None:
    """By its Chinese name, or by its name in the present language."""
    return next((kind for zh, (kind, name) in KINDS.items() if text.lower() in (zh, str(name).lower())), None)
