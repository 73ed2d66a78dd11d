"""How many hazards were found and closed out, kept beside the records (docs/adr/0022)."""

from app.hazards.tally.keeping import fold, init, monday, rebuild
from app.hazards.tally.models import HazardTally
from app.hazards.tally.reading import Standing, differences, standing, standings

__all__ = ["HazardTally", "Standing", "differences", "fold", "init", "monday", "rebuild", "standing", "standings"]
