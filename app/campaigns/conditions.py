"""Gate conditions: data of each campaign, written in the language of the diagrams over the figures of a gate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.campaigns import gate_rows
from app.campaigns.figures import NAMES, as_text
from app.i18n import _

if TYPE_CHECKING:
    from app.engine import Engine


_SIGNS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}


def in_words(text: str) -> str:
    """A condition as a page says it: in words where it is rows, else the figures by their names."""
    if rows := gate_rows.parse(text):
        return rows.tidied().words
    said = re.sub(r"[a-z_]+", lambda found: str(_words().get(found[0], found[0])), text)
    return re.sub(r">=|<=|==|!=", lambda found: _SIGNS[found[0]], said)


def _words() -> Mapping[str, Any]:
    return {**NAMES, "and": _("且"), "or": _("或"), "not": _("非")}


class Conditions:
    """What the engine's language says of a condition. Holds no state but the engine."""

    def __init__(self, engine: Engine) -> None:
        self._language = engine.language

    def problem(self, text: str) -> str:
        """Why a condition cannot be used, in the user's language; "" where it can, or where there is none."""
        if not text.strip():
            return ""
        if rows := gate_rows.parse(text):
            asked = [(n, row.wrong) for n, row in rows.numbered() if not row.blank and row.wrong]
            return _("；").join(_("第 %(n)s 行：%(wrong)s", n=n, wrong=wrong) for n, wrong in asked)
        if refused := self._language.problem(text):
            return _("条件无法使用：%(why)s", why=refused[0])
        if unknown := sorted(self._language.names(text) - NAMES.keys()):
            return _("条件中没有这些数据：%(names)s", names="、".join(unknown))
        return ""

    def rows(self, text: str, figures: Mapping[str, Any]) -> list[dict[str, str]]:
        """Each row with what its figure is now and whether that will do, as the gate's form shows them."""
        rows = gate_rows.parse(text) or gate_rows.Group()
        return [
            {"row": row.words, "now": as_text(row.figure, figures.get(row.figure)), "met": self._met(row, figures)}
            for _n, row in rows.numbered()
        ]

    def _met(self, row: gate_rows.Row, figures: Mapping[str, Any]) -> str:
        if figures.get(row.figure) is None:
            return _("无数据")
        return _("达到") if self.holds(row.expression, figures) else _("未达到")

    def holds(self, text: str, figures: Mapping[str, Any]) -> bool | None:
        """Whether it holds; None where there is none, or where a figure that it asks for is not there."""
        if not text.strip():
            return None
        try:
            return bool(self._language.evaluate(text, figures))
        except (ValueError, NameError):
            return None
