"""Checklists (检查清单): versions with legal basis; published ones never change."""

from __future__ import annotations
