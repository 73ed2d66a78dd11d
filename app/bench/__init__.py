"""`duban bench`: how fast it is, on a scratch office, held against a bare commit of the same database.

Speed is measured here and never in a test: a test that fails on a busy machine proves nothing.
"""

from __future__ import annotations

from app.bench.commands import bench

__all__ = ["bench"]
