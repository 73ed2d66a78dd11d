"""`duban processes check`: every problem of a folder, for people and for programs; no database is needed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import cli

Run = Callable[..., Result]
EXAMPLE = Path(__file__).parent.parent / "bpmn" / "examples" / "two_step_approval"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DUBAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DUBAN_TESTING", "0")

    def command(*words: str) -> Result:
        return CliRunner().invoke(cli, ["processes", "check", *words])

    return command


def copied(tmp_path: Path, old: str = "", new: str = "") -> Path:
    folder = tmp_path / "two_step_approval"
    shutil.copytree(EXAMPLE, folder)
    file = folder / "process.bpmn"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new) if old else text)
    return folder


def test_a_sound_folder_passes_with_its_scenarios(run: Run, tmp_path: Path) -> None:
    result = run(str(copied(tmp_path)))
    assert result.exit_code == 0 and result.output == "two_step_approval: ✓\n"


def test_all_problems_are_told_in_both_languages_and_the_command_fails(run: Run, tmp_path: Path) -> None:
    folder = copied(tmp_path, "review == 'agree'", "open('x')")
    (folder / "forms" / "review.json").unlink()
    result = run(str(folder))
    assert result.exit_code == 1
    assert "[yes 同意]" in result.output and "Refused" in result.output and "form_missing" in result.output


def test_programs_get_the_same_as_json(run: Run, tmp_path: Path) -> None:
    result = run("--json", str(copied(tmp_path, "office_2d", "office_2")))
    assert result.exit_code == 1
    [problem] = json.loads(result.output)["two_step_approval"]
    assert (problem["code"], problem["element_id"], problem["severity"]) == ("deadline", "review", "error")
    assert problem["fix"] == {"zh": "是否为 office_2d？", "en": "Is it office_2d?"}
    assert set(problem["message"]) == {"zh", "en"} and problem["position"] == {"x": 240.0, "y": 80.0}


def test_a_ladder_may_start_what_ships(run: Run, tmp_path: Path) -> None:
    old = '<spiffworkflow:property name="remind" value="-1 work_days" />'
    ladder = old.replace("remind", "ladder").replace("-1 work_days", "+3 work_days: referral")
    result = run("--no-scenarios", str(copied(tmp_path, old, old + ladder)))
    assert result.exit_code == 0, result.output


def test_a_folder_without_processes_is_told(run: Run, tmp_path: Path) -> None:
    assert run(str(tmp_path)).exit_code == 1
