"""A draw that anybody can repeat (随机抽取): candidates frozen, a seed kept, an order that follows from both.

Each candidate's place is the SHA-256 of the seed and its id, so that the result depends neither on the order of the
list nor on a random generator of one language; whoever has seed and candidates can check it with any tool.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable


def new_seed() -> str:
    """128 bits that nobody could have chosen or foreseen."""
    return secrets.token_hex(16)


def place_of(candidate: str, seed: str) -> str:
    """What decides where a candidate stands: hex SHA-256 of `seed:candidate`."""
    return hashlib.sha256(f"{seed}:{candidate}".encode()).hexdigest()


def drawing_order(candidates: Iterable[str], seed: str) -> list[str]:
    """All candidates, each once, in the order in which the seed draws them."""
    return sorted(set(candidates), key=lambda candidate: (place_of(candidate, seed), candidate))


def draw(candidates: Iterable[str], count: int, seed: str) -> list[str]:
    """The first `count` of that order. Raises ValueError where there are fewer candidates."""
    order = drawing_order(candidates, seed)
    if not 0 <= count <= len(order):
        raise ValueError(f"{count} of {len(order)} candidates")
    return order[:count]
