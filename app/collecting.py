"""When Python looks for rubbish: what a long-lived process has loaded is not looked through again and again.

A full look walks through a third of a million objects of the loaded application: 0.3 s in which nobody is answered.
What is there once it has started stays for good and is set aside; what a turn leaves behind is looked for less often.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_OFTEN = (5_000, 20, 50)  # a server: its memory may hardly grow
_SELDOM = (50_000, 20, 50)  # a batch: thousands of workflows are alive at once, and none of them is rubbish yet


def settle() -> None:
    """Called once by a process that serves or works, when it has loaded what it needs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_OFTEN)


@contextlib.contextmanager
def seldom() -> Iterator[None]:
    """Around a batch that makes much and throws little away: looking for rubbish takes a tenth of it."""
    usual, settled = gc.get_threshold(), bool(gc.get_freeze_count())
    if not settled:
        gc.collect()
        gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        if not settled:
            gc.unfreeze()
