"""Texts that are put together rather than typed: a field names a builder, and the slice that knows it registers it.

The answer stays the text. A builder draws its own inputs, named after the field (`<field>__…`), and reads them back.
"""

from __future__ import annotations

from typing import Any, Protocol

from werkzeug.datastructures import MultiDict

from app.forms.situation import Situation


class Builder(Protocol):
    template: str  # drawn in place of the input; `field.built` is what `draw` says

    def read(self, sent: MultiDict[str, str], name: str, step: str) -> str:
        """The text that the inputs of the field with this HTML name say, after the button that was pressed."""

    def draw(self, text: str, situation: Situation) -> Any:
        """What the template needs to draw the text."""

    def tidy(self, text: str) -> str:
        """The text as it is kept: without what was left empty."""

    def problem(self, text: str) -> str:
        """Why the text cannot be used, in the user's language; "" where it can."""


builders: dict[str, Builder] = {}
