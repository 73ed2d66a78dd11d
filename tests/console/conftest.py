from __future__ import annotations

from tests.inbox.conftest import engine, request_seal

__all__ = ["engine", "request_seal"]
