"""The ladder (domain 2.7): reminder → slip → interview → circular → leader. Plain values; knows no database.

It never goes down, and each rung is climbed once. An approved extension alone sets it back: then it begins anew, and
what was climbed before stays on record under the round of the clock it was climbed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

REMINDER, SLIP, INTERVIEW, CIRCULAR, LEADER = 1, 2, 3, 4, 5
TOP = LEADER


@dataclass(frozen=True)
class Ladder:
    """Where an item stands: `level` was carried out, `target` is asked for and waits until the slip is issued."""

    level: int = 0
    target: int = 0
    clock_round: int = 0


def ask(ladder: Ladder, level: int) -> Ladder:
    """A rung is asked for. What is lower than what was asked for before changes nothing."""
    return replace(ladder, target=max(ladder.target, min(level, TOP)))


def climb(ladder: Ladder) -> tuple[Ladder, list[int]]:
    """Carry out what is asked for; the rungs that this climbs, lowest first.

    The paper is a reminder or a slip, whichever is asked for: whoever gets a slip at once was not reminded before.
    From the interview upwards no rung is left out.
    """
    if ladder.target <= ladder.level:
        return ladder, []
    paper = min(ladder.target, SLIP)
    rungs = ([paper] if paper > ladder.level else []) + [
        level for level in range(INTERVIEW, ladder.target + 1) if level > ladder.level
    ]
    return replace(ladder, level=ladder.target), rungs


def begin_anew(ladder: Ladder) -> Ladder:
    """An extension was approved (清零重算): the next rung is the first again."""
    return Ladder(0, 0, ladder.clock_round + 1)
