"""Documents of an inspection (文书), by who issues them."""

from __future__ import annotations

from app.inspections.papers.writing import Paper, paper_of, papers_of

__all__ = ["Paper", "paper_of", "papers_of"]
