"""What a fixed piece of plain Python costs here: by it a slow machine's durations are compared with another's."""

from __future__ import annotations

from app.bench.measure import Figure, Sample

_ROUNDS = 1500


def loop(count: int = 60) -> Sample:
    """Calls, dictionaries, text and numbers as Python code uses them, always the same; no input or output."""
    return Sample("calibration loop").repeat(lambda _number: _work(), list(range(count)))


def _work() -> int:
    found: dict[str, int] = {}
    for number in range(_ROUNDS):
        key = f"{number % 97}:{number % 13}"
        found[key] = _step(found.get(key, 0), number)
    return sum(sorted(found.values()))


def _step(before: int, number: int) -> int:
    return (before * 31 + number) % 65_521


def ratios(bench: str, name: str, milliseconds: float, commit: Sample, python: Sample) -> list[Figure]:
    """A duration in bare commits and in calibration loops of the same run."""
    return [
        Figure(bench, f"{name} ÷ {least.name}", milliseconds / least.median, "×")
        for least in (commit, python)
        if least.median
    ]
