"""Where slices meet in pages without importing each other: menu entries and record cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

GROUPS = ("work", "business", "analysis", "administration")


@dataclass(frozen=True)
class MenuItem:
    """One entry of the sidebar. `shown` decides for the signed-in person; `count` may put a number beside it."""

    group: str
    position: int
    endpoint: str
    label: Any  # lazy text
    icon: str
    shown: Callable[[Any], bool] = lambda user: True
    count: Callable[[Any], int | None] = lambda user: None
    phone: bool = False  # also in the bottom bar of the phone

    @property
    def href(self) -> str:
        return url_for(self.endpoint)

    @property
    def current(self) -> bool:
        return (
            bool(request.blueprint) and request.blueprint == self.endpoint.split(".")[0]
        )


class Menu:
    """Only what is built registers itself, so the menu never shows more."""

    def __init__(self) -> None:
        self._items: dict[str, MenuItem] = {}

    def add(self, item: MenuItem) -> None:
        if item.group not in GROUPS:
            raise ValueError(f"unknown menu group {item.group}")
        self._items[item.endpoint] = item

    def groups(self, user: Any) -> list[tuple[str, list[MenuItem]]]:
        """Groups in order, each with the entries this person may open."""
        shown = sorted(
            (i for i in self._items.values() if i.shown(user)),
            key=lambda item: item.position,
        )
        return [
            (group, items)
            for group in GROUPS
            if (items := [item for item in shown if item.group == group])
        ]

    def phone(self, user: Any) -> list[MenuItem]:
        shown = (i for i in self._items.values() if i.phone and i.shown(user))
        return sorted(shown, key=lambda item: item.position)


class Cards:
    """Renders the record a task is about. Keyed by subject kind; the slice that owns the kind registers it."""

    def __init__(self) -> None:
        self._renderers: dict[str, Callable[[str], str]] = {}

    def __setitem__(self, kind: str, renderer: Callable[[str], str]) -> None:
        self._renderers[kind] = renderer

    def render(self, kind: str | None, subject_id: str | None) -> str:
        """The card's HTML, or nothing where there is no such record, no renderer or no right to see it."""
        if kind is None or subject_id is None or kind not in self._renderers:
            return ""
        return self._renderers[kind](subject_id)


menu = Menu()
cards = Cards()
