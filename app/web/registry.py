"""Where slices meet in pages without importing each other: menu entries and record cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from app.i18n import lazy_

# Groups in their order; the first one, the person's own work, needs no heading.
GROUPS: dict[str, Any] = {
    "work": "",
    "business": lazy_("业务"),
    "analysis": lazy_("分析"),
    "administration": lazy_("管理"),
}
_IN_THE_BAR = 3  # entries in the phone's bottom bar, beside 更多


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
    phone: bool = False  # first in the bottom bar of the phone

    @property
    def href(self) -> str:
        return url_for(self.endpoint)

    @property
    def current(self) -> bool:
        own = bool(request.blueprint) and request.blueprint == self.endpoint.split(".")[0]
        return own or request.path.startswith(f"{self.href}/")


@dataclass(frozen=True)
class MenuEntry:
    """An entry as one page shows it to one person."""

    href: str
    label: str
    icon: str
    current: bool
    count: int | None
    phone: bool


@dataclass(frozen=True)
class MenuGroup:
    """Entries under one heading; the first group has none."""

    title: str
    items: list[MenuEntry]


class Menu:
    """Only what is built registers itself, so the menu never shows more."""

    def __init__(self) -> None:
        self._items: dict[str, MenuItem] = {}

    def add(self, item: MenuItem) -> None:
        if item.group not in GROUPS:
            raise ValueError(f"unknown menu group {item.group}")
        self._items[item.endpoint] = item

    def groups(self, user: Any) -> list[MenuGroup]:
        """Groups in order, each with the entries this person may open."""
        items = sorted((item for item in self._items.values() if item.shown(user)), key=lambda item: item.position)
        grouped = {group: [_entry(item, user) for item in items if item.group == group] for group in GROUPS}
        return [MenuGroup(str(GROUPS[group]), entries) for group, entries in grouped.items() if entries]


def _entry(item: MenuItem, user: Any) -> MenuEntry:
    return MenuEntry(item.href, str(item.label), item.icon, item.current, item.count(user), item.phone)


def for_the_bar(groups: list[MenuGroup]) -> list[MenuEntry]:
    """What the phone's bottom bar shows: entries meant for it first, filled up in menu order."""
    entries = [entry for group in groups for entry in group.items]
    return sorted(entries, key=lambda entry: not entry.phone)[:_IN_THE_BAR]


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
# Where a process is started whose start is a page of its own: process key → endpoint.
starters: dict[str, str] = {}
# How a form reads that could not be sent: endpoint → its answers in words, from what was sent and the route's values.
unsent_answers: dict[str, Callable[..., list[Any]]] = {}
# What a slice's own history events are called: `hazards.ordered` → lazy text.
event_words: dict[str, Any] = {}
