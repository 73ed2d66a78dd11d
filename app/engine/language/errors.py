"""Why a text gave no value. Each has its reason in both languages.

Reasons name what the text says, never what the data holds: who reads an incident may not be allowed to read the case.
"""

from __future__ import annotations

from app.i18n import bilingual


class _Bilingual(Exception):
    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(zh, en)

    def __str__(self) -> str:
        return bilingual(self.zh, self.en)


class UnsafeExpression(_Bilingual, ValueError):
    """Not in the language, or beyond one of its limits: refused, and the refusal is logged.

    Not a SyntaxError, which SpiffWorkflow's decision tables take as a hint to try something else.
    """


class UnknownName(_Bilingual, NameError):
    """A variable or field that the data does not have; to many callers: not there yet."""


def no_variable(name: str) -> UnknownName:
    return UnknownName(f"没有变量“{name}”", f"there is no variable '{name}'")


def no_field(name: str | None) -> UnknownName:
    """`name` is None where it was computed: then it is data, and messages carry none."""
    if name is None:
        return UnknownName("没有这个栏目", "there is no such field")
    return UnknownName(f"没有栏目“{name}”", f"there is no field '{name}'")


class ExpressionFailed(_Bilingual, ValueError):
    """The text is in the language, but its values do not fit: text times date, division by zero."""
