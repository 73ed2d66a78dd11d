"""出差代理: who is away, and who does their work meanwhile."""

from app.accounts.absences.models import Absence

__all__ = ["Absence"]
