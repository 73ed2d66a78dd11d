"""One word everywhere: fragments, their ids and what they are swapped into."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.config import ROOT
from tests.architecture.sources import below, name_of

TEMPLATES = below("templates", ".html")
FRAGMENTS = [path for path in TEMPLATES if path.name.startswith("_") and path.parent.name != "_macros"]
COMMENT = re.compile(r"{#.*?#}|{%-?\s*macro\b.*?endmacro\s*-?%}", re.DOTALL)
TAG = re.compile(r"<[a-zA-Z][^>]*>")
ID = re.compile(r"""\bid=["']([a-z][a-z0-9-]*)""")
TARGET = re.compile(r"""hx-target(?::\w+)*=["']#([a-z][a-z0-9-]*)""")
RECORD = frozenset({"row", "item", "card", "option", "options"})  # of one record, and called by its kind


def root_id(path: Path) -> str | None:
    tag = TAG.search(COMMENT.sub("", path.read_text(encoding="utf-8")))
    found = ID.search(tag.group()) if tag else None
    return found.group(1).rstrip("-") if found else None


def words(path: Path) -> set[str]:
    word = path.stem.lstrip("_").replace("_", "-").removeprefix("shell-")
    record = path.parent.name.removesuffix("s")
    return {word, f"{record}-{word}"} | ({record} if word in RECORD else set())


@pytest.mark.parametrize("path", [path for path in FRAGMENTS if root_id(path)], ids=name_of)
def test_a_fragment_has_the_id_of_its_file(path: Path) -> None:
    """`_closure.html` has the root `closure` or `hazard-closure`, with `-7` behind it where a page has several."""
    found = root_id(path)
    assert any(found == word or str(found).startswith(word + "-") for word in words(path)), found


def test_what_htmx_swaps_into_exists() -> None:
    ids = {found.rstrip("-") for path in TEMPLATES for found in ID.findall(path.read_text(encoding="utf-8"))}
    targets = {
        (name_of(path), target.rstrip("-"))
        for path in TEMPLATES
        for target in TARGET.findall(path.read_text(encoding="utf-8"))
    }
    assert {(path, target) for path, target in targets if target not in ids} == set()


def test_templates_lie_in_the_folder_of_their_package() -> None:
    packages = {path.name for path in (ROOT / "app").iterdir() if path.is_dir()}
    shared = {"_macros", "errors", "fields", "security", "templates"}
    assert {path.parent.name for path in TEMPLATES if len(path.relative_to(ROOT).parts) == 3} <= packages | shared


def test_tests_lie_in_the_folder_of_their_package() -> None:
    packages = {path.name for path in (ROOT / "app").iterdir() if path.is_dir()}
    folders = {path.relative_to(ROOT).parts[1] for path in below("tests", ".py") if path.parent != ROOT / "tests"}
    of_everything = {"acceptance", "architecture", "bpmn", "checking", "e2e", "language", "faults", "story", "upgrade"}
    assert folders <= packages | of_everything
