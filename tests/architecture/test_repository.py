"""What is kept in the repository: complete locks, no machine's paths, no registry's hosts, nothing built."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from app.config import ROOT
from tests.architecture.sources import name_of, tracked

LOCKS = ("requirements.txt", "requirements-node.txt", "requirements-test.txt")
# Put together so that this file does not find itself.
HOSTS = tuple(
    "".join(halves)
    for halves in (("pypi.", "org"), ("python", "hosted"), ("registry.", "npm"), ("npm", "mirror"), ("deb.", "debian"))
)
MACHINE = re.compile(r"(?<![\w.~/-])/(?:" + "wo" + "rk|ro" + "ot|ho" + "me/[a-z]+|Us" + r"ers/[a-z]+)(?=/)")
BUILT = {".pyc", ".mo", ".sqlite", ".whl", ".log"}
PICTURES = {".png", ".jpg", ".jpeg", ".heic", ".ico", ".xlsx", ".docx", ".pdf", ".zip", ".xz"}
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name, maxsplit=1)[0]).lower()


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {plain(package): version for package, version in REQUIREMENT.findall(text)}


def test_no_file_names_a_registry_or_a_machine_of_ours() -> None:
    found = []
    for path in tracked():
        if path.suffix in PICTURES:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if any(host in line for host in HOSTS) or MACHINE.search(line):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:120]}")
    assert not found


def test_nothing_built_is_kept() -> None:
    kept = [name_of(path) for path in tracked() if path.suffix in BUILT or "dist" in path.parts]
    assert not kept


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert [entry.splitlines()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []


def test_the_locks_hold_what_pyproject_asks_for() -> None:
    """When this fails, run the command in the first lines of each requirements file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    runtime = {plain(name) for name in project["project"]["dependencies"]}
    testing = {plain(name) for group in ("test", "lint") for name in groups[group]}
    assert runtime <= locked("requirements.txt").keys()
    assert runtime | testing <= locked("requirements-test.txt").keys()
    assert {plain(name) for name in groups["node"]} == locked("requirements-node.txt").keys()


def test_tests_run_on_the_versions_that_production_has() -> None:
    runtime, testing = locked("requirements.txt"), locked("requirements-test.txt")
    assert runtime.items() <= testing.items()


@pytest.mark.parametrize("name", [".ci/run"])
def test_scripts_can_be_executed(name: str) -> None:
    assert (ROOT / name).stat().st_mode & 0o111, f"chmod +x {Path(name)}"
