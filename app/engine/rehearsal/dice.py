"""Chance that does not depend on the order of events: each draw has a name, and the same name the same number.

Two drafts that are rehearsed with the same seed meet the same luck wherever they ask for the same thing, so that what
differs between their figures comes from the drafts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from statistics import NormalDist

MANY = 200  # from here on the normal distribution is as good
_NORMAL, _Z90 = NormalDist(), NormalDist().inv_cdf(0.9)


class Dice:
    """The luck of one case."""

    def __init__(self, seed: int, case: int) -> None:
        self._start = f"{seed}|{case}|"

    def at(self, *names: object) -> float:
        """A number above 0 and below 1."""
        text = self._start + "|".join(map(str, names))
        return (int.from_bytes(blake2b(text.encode(), digest_size=7).digest()) + 0.5) / 2**56

    def hours(self, median: float, p90: float, *names: object) -> float:
        """Log-normal with this median and 90th percentile."""
        sigma = math.log(p90 / median) / _Z90 if p90 > median else 0.0
        return median * math.exp(sigma * _NORMAL.inv_cdf(self.at(*names))) if sigma else median

    def count(self, mean: float, *names: object) -> int:
        """How many, where they come one by one and so many on the average (Poisson)."""
        drawn = self.at(*names)
        if mean > MANY:
            return max(0, round(mean + math.sqrt(mean) * _NORMAL.inv_cdf(drawn)))
        found, chance = 0, math.exp(-mean)
        while drawn >= chance and found < 10 * MANY:
            drawn -= chance
            found += 1
            chance *= mean / found
        return found

    def one(self, weights: Mapping[str, float], *names: object) -> str | None:
        """A key, as often as its weight says; None where nothing has any."""
        found = self.index(list(weights.values()), *names)
        return None if found is None else list(weights)[found]

    def index(self, weights: Sequence[float], *names: object) -> int | None:
        total = sum(weights)
        if total <= 0:
            return None
        left = self.at(*names) * total
        for number, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return number
        return max(number for number, weight in enumerate(weights) if weight > 0)
