"""Statements compiled once for all databases of a kind: each application would compile the same hundreds anew.

SQLAlchemy keeps what it has compiled with the engine, under the dialect, of which every engine has its own. Ours differ
in nothing that a compiled statement contains, so here they are kept under the dialect's name, for the whole test process.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

from app.db import Base


class _ByName(LRUCache[Any, Any]):
    """Keys are (dialect, statement, …)."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


_kept = _ByName(4000)


def share(bind: sa.Engine) -> None:
    """Let this engine use what others have compiled."""
    bind._compiled_cache = _kept
    for mapper in Base.registry.mappers:
        base = mapper.base_mapper
        if not isinstance(base.__dict__.get("_compiled_cache"), _ByName):
            base.__dict__["_compiled_cache"] = _ByName(200)  # of its INSERTs and UPDATEs, which lie with the class
