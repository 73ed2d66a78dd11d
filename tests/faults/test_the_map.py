"""docs/faults.md tells where each fault is tested: what it names exists, and no fault is without a control."""

from __future__ import annotations

import re

import pytest

from app.config import ROOT

MAP = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = {line.split("|")[1].strip(): line for line in MAP.splitlines() if re.match(r"\| F\d", line)}


def test_every_fault_has_a_line_with_a_control() -> None:
    assert list(ROWS) == [f"F{number}" for number in range(1, 19)]
    for line in ROWS.values():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 6
        assert all(cells)


@pytest.mark.parametrize("number", ROWS)
def test_what_a_line_names_exists(number: str) -> None:
    named = re.findall(r"`(?:(tests/[\w/]+\.py))?(?:(test_\w+\.py))?(?:::(\w+)…?)?`", ROWS[number])
    folder, path = "", ""
    for whole, short, name in named:
        path = whole or (f"{folder}/{short}" if short else path)
        if not path:
            continue
        folder = path.rpartition("/")[0]
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not name or f"def {name}" in source, f"{path}::{name}"
    assert path or "duban bench" in ROWS[number]
