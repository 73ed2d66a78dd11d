"""Which process this is, so that another one on the same machine can tell whether it still lives.

Machine and start are part of the name: a number alone is given again, and means another process in another container.
Where there is no /proc the name is empty, and nobody can tell.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

NOBODY = "-"  # the owner of what nobody will finish
_DEAD = ("Z", "X")


def myself() -> str:
    """`machine:pid:start`, or nothing."""
    return _name(os.getpid())  # asked anew after a fork


def one_of_mine() -> str:
    """Names one request of this process, so that two of them are told apart."""
    return f"{myself()}:{secrets.token_hex(6)}"


@lru_cache(maxsize=4)
def _name(pid: int) -> str:
    here, began = _machine(), _began(pid)
    return f"{here}:{pid}:{began}" if here and began else ""


@lru_cache(maxsize=1)
def _machine() -> str:
    """This boot of this machine and its process numbers: those of another container are others."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return hashlib.sha256(f"{boot} {Path('/proc/self/ns/pid').readlink()}".encode()).hexdigest()[:24]
    except OSError:
        return ""


def _began(pid: int) -> str | None:
    """When a process began, in ticks since the boot; None when it is no more."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in _DEAD else words[19]


def is_dead(owner: str) -> bool:
    """Whether that process certainly lives no more. False also where we cannot know."""
    if owner == NOBODY:
        return True
    machine, _, rest = owner.partition(":")
    pid, _, rest = rest.partition(":")
    began = rest.partition(":")[0]
    return bool(machine) and machine == _machine() and _began(int(pid)) != began
