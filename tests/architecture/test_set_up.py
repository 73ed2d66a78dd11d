"""`python3 run.py` on machines that lack something, and when there is nothing left to do."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from app.config import ROOT


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """run.py as a module, with stamps of its own and every step written down instead of taken."""
    spec = importlib.util.spec_from_file_location("run_py", ROOT / "run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delenv("DUBAN_PYTHON", raising=False)
    module.steps = []
    monkeypatch.setattr(module, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(module, "run", lambda command, what: module.steps.append(what))
    return module


def test_only_the_standard_library_is_imported() -> None:
    lines = (ROOT / "run.py").read_text(encoding="utf-8").splitlines()
    imported = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names


def test_a_machine_without_venv_is_told_what_to_install(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "PYTHON", tmp_path / "no" / "python")
    monkeypatch.setattr(run, "serves_us", lambda python, version=(): False)
    with pytest.raises(run.CannotRun, match="apt-get install python3-venv"):
        run.make_venv()
    assert not run.steps


def test_an_old_python_is_told_so(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.sys, "version_info", (3, 10, 4))
    with pytest.raises(run.CannotRun, match=r"3\.11"):
        run.main([])


@pytest.fixture
def system_python(run: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Beside a Python built as pyenv builds it, the distribution's of the same version."""
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(run, "SYSTEM_PYTHON", python)
    monkeypatch.setattr(run.sysconfig, "get_config_var", lambda name: "'--enable-shared'")
    monkeypatch.setattr(run.sys, "base_prefix", "/opt/built")
    return python


def test_a_python_built_without_optimisation_gives_way_to_the_system_s(run: ModuleType, system_python: Path) -> None:
    assert run.interpreter() == str(system_python)


@pytest.mark.parametrize("told", ["'--enable-optimizations' '--with-lto'", None])
def test_a_python_that_is_built_well_is_kept(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, system_python: Path, told: str | None
) -> None:
    monkeypatch.setattr(run.sysconfig, "get_config_var", lambda name: told)
    assert run.interpreter() != str(system_python)


def test_another_version_of_the_system_is_not_taken_instead(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, system_python: Path
) -> None:
    monkeypatch.setattr(run.sys, "version_info", (3, 99, 1))
    assert run.interpreter() != str(system_python)


def test_whoever_names_a_python_gets_it_or_is_told(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, system_python: Path
) -> None:
    monkeypatch.setattr(run.sysconfig, "get_config_var", lambda name: "--enable-optimizations")
    monkeypatch.setenv("DUBAN_PYTHON", str(system_python))
    assert run.interpreter() == str(system_python)
    run.interpreter.cache_clear()
    monkeypatch.setenv("DUBAN_PYTHON", "/no/such/python")
    with pytest.raises(run.CannotRun, match="DUBAN_PYTHON"):
        run.interpreter()


def test_an_environment_made_from_another_python_is_made_anew(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(run, "serves_us", lambda python, version=(): True)
    monkeypatch.setattr(run, "interpreter", lambda: run.made_from())
    run.make_venv()
    assert not run.steps
    monkeypatch.setattr(run, "interpreter", lambda: "/another/python")
    run.make_venv()
    assert len(run.steps) == 1


def test_a_lock_is_installed_once_and_again_when_it_changes(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    run.install(run.TEST, includes=(run.RUNTIME,))
    assert len(run.steps) == 1
    run.install(run.TEST)
    run.install(run.RUNTIME)  # a part of the other
    assert len(run.steps) == 1
    (run.STAMPS / run.TEST.name).write_text("the hash of an older lock")
    run.install(run.TEST)
    assert len(run.steps) == 2


def test_a_failed_step_leaves_no_stamp(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], what: str) -> None:
        raise run.CannotRun(what)

    monkeypatch.setattr(run, "run", fail)
    with pytest.raises(run.CannotRun):
        run.install(run.RUNTIME)
    assert not run.holds(run.RUNTIME.name, run.digest([run.RUNTIME]))


def test_two_at_once_set_up_one_after_the_other(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()
    monkeypatch.setattr(run, "say", lambda text: waits.set() if "waiting" in text else None)
    monkeypatch.setattr(run, "make_venv", lambda: run.steps.append("second"))
    second = threading.Thread(target=run.set_up, kwargs={"for_tests": False})
    with run.alone():
        second.start()
        assert waits.wait(20)
        run.steps.append("first")
    second.join(20)
    assert run.steps[:2] == ["first", "second"]


@pytest.mark.parametrize(("version", "used"), [("v20.20.2", True), ("v18.19.0", False), ("", False)])
def test_an_old_node_is_passed_over(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, used: bool
) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    monkeypatch.setattr(run.shutil, "which", lambda name: str(node))
    assert (run.system_node() is not None) is used


def test_the_front_end_is_built_again_when_a_source_changes(run: ModuleType) -> None:
    read = {path.relative_to(ROOT).parts[0] for path in run.front_end_sources()}
    assert {"static", "templates", "app", "bpmn", "package-lock.json"} <= read
    assert not [path for path in run.front_end_sources() if "dist" in path.parts]


def test_a_failing_check_fails_the_command_and_hides_nothing(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    python = [sys.executable, "-c"]
    monkeypatch.setattr(
        run,
        "CHECKS",
        {"first": [*python, "print('what is wrong'); exit(1)"], "second": [*python, "print('unseen')"]},
    )
    monkeypatch.setattr(run, "WHOLE_SUITE", [*python, "print('7 passed')"])
    assert run.test([]) != 0
    shown = capfd.readouterr().out
    assert "✗ first" in shown
    assert "what is wrong" in shown
    assert "✓ second" in shown
    assert "unseen" not in shown
    assert "7 passed" in shown


def test_ci_runs_the_command_of_the_readme_and_nothing_else() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-1] == "CI=true exec python3 run.py test"
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0
    assert "python3 run.py test" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        ([], ["serve"]),
        (["--port", "8000"], ["serve", "--port", "8000"]),
        (["--help"], ["--help"]),
        (["processes", "check"], ["processes", "check"]),
    ],
)
def test_without_a_command_it_serves(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, words: list[str], runs: list[str]
) -> None:
    taken: list[list[str]] = []
    monkeypatch.setattr(run.os, "execve", lambda _program, command, _env: taken.append(command))
    monkeypatch.setattr(run.subprocess, "run", lambda command, **_more: subprocess.CompletedProcess(command, 0))
    run.duban(words)
    assert taken[0][3:] == runs
