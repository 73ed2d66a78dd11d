"""Statements compiled once for all databases of a kind: each application would compile the same hundreds anew.

SQLAlchemy keeps what it has compiled with the engine, under the dialect, of which every engine has its own. Ours differ
in nothing that a compiled statement contains, so here they are kept under the dialect's name, for the whole test process.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.util import HasMemoized, LRUCache


class _ByName(LRUCache[Any, Any]):
    """Keys are (dialect, statement, …)."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


_kept = _ByName(4000)


def install() -> None:
    """Let every engine that is made from now on use what others have compiled."""
    sa.Engine._compiled_cache = property(lambda _self: _kept, lambda _self, _own: None)  # type: ignore[assignment]

    def _compiled_cache(_self: Mapper[Any]) -> _ByName:
        return _ByName(200)  # of its INSERTs and UPDATEs, which lie with the class

    Mapper._compiled_cache = HasMemoized.memoized_attribute(_compiled_cache)  # type: ignore[assignment, method-assign]
