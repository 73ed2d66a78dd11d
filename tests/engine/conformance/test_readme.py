"""What people are told a diagram may hold is what the table of elements holds."""

from __future__ import annotations

import re
from pathlib import Path

from tests.engine.conformance.table import REFUSED, RUNS

README = Path(__file__).resolve().parents[3] / "bpmn" / "README.md"


def test_the_readme_lists_just_what_runs_and_what_is_refused() -> None:
    """Between its two marks: one row for each element that is carried out; one word for each that is not."""
    text = README.read_text(encoding="utf-8")
    table, refused = text.split("<!-- carried out -->")[1].split("<!-- refused -->")
    rows = re.findall(r"^\| ([a-z][a-z ·-]+?) \|", table, re.MULTILINE)
    listed = {name for row in rows for name in row.split(" · ")} - {"element"}
    carried_out = {element for case in RUNS for element in case.elements}
    assert listed == carried_out
    never = {element for case in REFUSED for element in case.elements} - carried_out
    assert {name for name in never if name not in refused} == set()
