"""Detached call activities: children are instances of their own (docs/adr/0023)."""
