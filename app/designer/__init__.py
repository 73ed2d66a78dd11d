"""The designer (流程设计): administrators change processes as drafts; a second person publishes them.

Each part is a sub-package of its own with models, queries, operations and views; all of them work on a draft.
"""

from __future__ import annotations

from importlib import import_module

from flask import Flask

# In this order: a part may rely on what stands before it.
PARTS = (
    "drafts",
    "editor",
    "comparing",
    "decisions",
    "forms",
    "rehearsing",
    "publishing",
    "gallery",
    "migrating",
)


def init_app(app: Flask) -> None:
    for name in PARTS:
        import_module(f"app.designer.{name}").init_app(app)
