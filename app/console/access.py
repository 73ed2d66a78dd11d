"""Who operates the engine, and who may put processes into it (docs/adr/0013).

The system administrator operates every instance by its ids and state and sees no business. The committee office
operates the instances of its scope, with their data; ending one for good is its decision alone.
"""

from __future__ import annotations

from typing import Any

OPERATORS = ("admin",)
OFFICE = ("coordinator",)
CONSOLE = OPERATORS + OFFICE  # open the console; suspend, resume, retry, move a timer
PUBLISHERS = ("admin", "security_admin")
MAP_READERS = (*CONSOLE, "leader", "auditor", "dept_staff")  # see how the instances of a process stand


def operates(user: Any) -> bool:
    """Whether the person sees every instance, but of each only what is technical."""
    return bool(user.has(*OPERATORS))


def opens_console(user: Any) -> bool:
    return bool(user.has(*CONSOLE))


def reads_maps(user: Any) -> bool:
    return bool(user.has(*MAP_READERS))


def sees_data(user: Any) -> bool:
    """Titles, records, answers, variables and the words of faults: whoever finds an instance through row scope."""
    return not operates(user)


def verbs_of(user: Any, status: str) -> frozenset[str]:
    """What the person may do with an instance of this status; that they may see it is asked before."""
    found: set[str] = set()
    if user.has(*CONSOLE):
        found |= {"running": {"suspend"}, "suspended": {"resume"}}.get(status, set())
    if user.has(*OFFICE) and status == "running":
        found.add("cancel")
    return frozenset(found)


def inner_verbs_of(user: Any, status: str) -> frozenset[str]:
    """What the person may do inside a running instance: move its token, and correct the data that they see."""
    if status != "running":
        return frozenset()
    found = {"move"} if user.has(*CONSOLE) else set()
    if user.has(*OFFICE) and sees_data(user):
        found.add("edit")
    return frozenset(found)
