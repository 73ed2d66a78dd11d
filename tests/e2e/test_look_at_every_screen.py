"""Every screen of the shell and of administration in four looks: no error, nothing cut off, nothing inaccessible."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.cast import member, org_id
from tests.e2e.harness import LOOKS, Look, Screen, Served, Windows

SCREENS = (  # name, person, path
    ("sign-in", None, "/login"),
    ("keys", None, "/help/keys"),
    ("account", "zhao", "/account"),
    ("password", "zhao", "/account/password"),
    ("users", "root", "/admin/users"),
    ("user-new", "root", "/admin/users/new"),
    ("user", "shen", f"/admin/users/{member('zhao').id}"),
    ("organisations", "root", "/admin/organisations"),
    ("organisation", "root", f"/admin/organisations/{org_id('emergency')}"),
    ("regions", "root", "/admin/regions"),
    ("sectors", "root", "/admin/sectors"),
    ("sector", "root", "/admin/sectors/GAS"),
    ("audit", "cha", "/admin/audit"),
    ("calendar", "root", "/admin/calendar"),
    ("calendar-estimated", "wang", "/admin/calendar?year=2028"),
    ("notifications", "zhao", "/notifications"),
    ("subjects", "zhao", "/subjects"),
    ("subject-new", "zhao", "/subjects/new"),
)


@pytest.fixture(scope="module")
def window(windows: Windows, served: Served) -> Iterator[Callable[[Look], Screen]]:
    """One window for each look, in which one person after the other looks around."""
    opened: dict[Look, Screen] = {}

    def window(look: Look) -> Screen:
        if look not in opened:
            opened[look] = windows.open(served, None, look)
        opened[look].problems.clear()  # of the test before
        return opened[look]

    yield window
    for screen in opened.values():
        screen.close()


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize(("name", "person", "path"), SCREENS, ids=[screen[0] for screen in SCREENS])
def test_the_screen_holds(
    window: Callable[[Look], Screen], served: Served, name: str, person: str | None, path: str, look: Look
) -> None:
    screen = window(look).signed_in(served, person)
    screen.goto(path)
    screen.check(name)
