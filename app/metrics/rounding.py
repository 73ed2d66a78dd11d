"""How a figure is written (domain 1.10): thousands with commas, rates half up, 余 rounded down, 近 rounded up."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from app.i18n import _

NOTHING = "—"  # a share of nothing is no figure
STYLES = ("whole", "tenth", "over", "near")
_TENTH = Decimal("0.1")


def written(value: Decimal | int | None, style: str) -> str:
    """The figure as text, without its unit."""
    if value is None:
        return NOTHING
    exact = Decimal(value)
    if style == "over":
        return over(int(exact))
    if style == "near":
        return near(exact)
    if style == "tenth":
        return f"{exact.quantize(_TENTH, ROUND_HALF_UP):,}"
    return f"{exact.quantize(Decimal(1), ROUND_HALF_UP):,}"


def over(value: int) -> str:
    """余: down to tens below 1,000, to hundreds from there. What is exact, or below ten, is written as it is."""
    step = 100 if value >= 1000 else 10
    floor = value // step * step
    if floor in (0, value):
        return f"{value:,}"
    return _("%(number)s 余", number=f"{floor:,}")


def near(value: Decimal) -> str:
    """近: up to one decimal; what is exact is written without the word."""
    up = value.quantize(_TENTH, ROUND_CEILING)
    return f"{up:,}" if up == value else _("近 %(number)s", number=f"{up:,}")
