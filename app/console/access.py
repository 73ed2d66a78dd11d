"""Who operates the engine, and who may put processes into it."""

from __future__ import annotations

from typing import Any

OPERATORS, PUBLISHERS = ("admin",), ("admin", "security_admin")


def operates(user: Any) -> bool:
    return bool(user.has(*OPERATORS))
