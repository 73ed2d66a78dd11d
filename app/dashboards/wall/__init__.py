"""The wall (挂图作战): sectors × phases or towns × sectors, with figures that open their records."""

from app.dashboards.wall.figures import Figures, Sums, read
from app.dashboards.wall.reading import BY, Wall, chosen, wall

__all__ = ["BY", "Figures", "Sums", "Wall", "chosen", "read", "wall"]
