"""Expert consultations (安全会诊): experts, diagnoses with scores, opinions and what became of them."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Wire the slice; its parts are added one by one."""
