"""`duban bench` measures; how fast a busy machine happens to be is nobody's fault here, only that figures are honest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.bench import bench
from app.bench.measure import Figure, Sample, of


def test_percentiles_are_taken_by_rank() -> None:
    sample = Sample("x", [n / 1000 for n in range(100, 0, -1)])

    assert sample.median == pytest.approx(51.0)
    assert sample.percentile(0.95) == pytest.approx(96.0)
    assert Sample("nothing").percentile(0.95) == 0.0


def test_a_figure_is_held_against_its_limit_in_the_right_direction() -> None:
    assert Figure("complete", "call", 2.9, "ms", limit=3.0).good is True
    assert Figure("complete", "call", 3.1, "ms", limit=3.0).good is False
    assert Figure("timers", "rate", 310.0, "/s", limit=300, at_least=True).good is True
    assert Figure("timers", "rate", 290.0, "/s", limit=300, at_least=True).good is False
    assert Figure("complete", "bare commit", 0.2, "ms").good is None


def test_the_limit_is_for_the_median_and_the_sample_goes_into_the_plot() -> None:
    median, p95 = of("complete", Sample("call", [0.002] * 50), limit=3.0)

    assert (median.good, p95.good) == (True, None)
    assert median.samples == (2.0,) * 50


def test_starting_is_measured_on_a_scratch_office_and_written_down(tmp_path: Path) -> None:
    figures, page = tmp_path / "figures.json", tmp_path / "report.html"

    done = CliRunner().invoke(bench, ["start", "--count", "12", "--json", str(figures), "--report", str(page)])

    assert done.exit_code == 0, done.output
    known = {figure["name"]: figure for figure in json.loads(figures.read_text())}
    assert known["as a call, median"]["value"] > 0
    assert known["as a call ÷ bare commit"]["value"] > 1
    assert known["as a call ÷ calibration loop"]["value"] > 0
    assert "as a call, median" in done.output
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_a_database_that_holds_people_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'office.sqlite'}"
    first = CliRunner().invoke(bench, ["start", "--count", "10", "--database", url])

    second = CliRunner().invoke(bench, ["start", "--count", "10", "--database", url])

    assert first.exit_code == 0, first.output
    assert second.exit_code == 1
    assert "not empty" in second.output
