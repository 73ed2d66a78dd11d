"""Why a text gave no value. Each has its reason in both languages."""

from __future__ import annotations

from app.i18n import bilingual


class _Bilingual(Exception):
    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)

    def __str__(self) -> str:
        return bilingual(self.zh, self.en)


class UnsafeExpression(_Bilingual, ValueError):
    """Not in the language, or beyond one of its limits: refused, and the refusal is logged.

    Not a SyntaxError, which SpiffWorkflow's decision tables take as a hint to try something else.
    """


class UnknownName(_Bilingual, NameError):
    """A variable or field that the data does not have; to many callers: not there yet."""

    def __init__(self, name: str, *, of_value: bool = False) -> None:
        what_zh, what_en = ("栏目", "field") if of_value else ("变量", "variable")
        super().__init__(f"没有{what_zh}“{name}”", f"there is no {what_en} '{name}'")
        self.name = name


class ExpressionFailed(_Bilingual, ValueError):
    """The text is in the language, but its values do not fit: text times date, division by zero."""
