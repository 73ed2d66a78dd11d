"""What the fault tests stand on: the city as served (`app`), and an engine alone (`world`)."""

from __future__ import annotations

from tests.engine.conftest import again, reused, template_file, world
from tests.inbox.conftest import engine, request_seal

__all__ = ["again", "engine", "request_seal", "reused", "template_file", "world"]
