"""出差代理, 离职转办: who is away or leaves, and who does their work."""

from app.accounts.absences.models import Absence

__all__ = ["Absence"]
