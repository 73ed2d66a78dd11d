"""Planning an inspection: who is inspected and by whom, by hand, by priority or by lot."""

from __future__ import annotations
