"""Whatever a person reads is there in Chinese and in English."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest
from babel.messages import pofile
from jinja2 import nodes

from app.config import ROOT
from tests.architecture.missing_strings import missing, skeleton
from tests.architecture.sources import (
    CHINESE,
    below,
    name_of,
    python_calls,
    template_calls,
    tracked,
    untranslated,
)

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]")
NUMBERED = re.compile(r"%\((\w+)\|([^|()]+)\|([^|()]+)\)s")
TEMPLATES = below("templates", ".html")
CATALOGUES = sorted((ROOT / "app" / "translations" / "en").glob("*.po"))


def test_every_message_has_english() -> None:
    """`python -m tests.architecture.missing_strings` prints the same, ready for the .po files."""
    found = missing()
    assert not found, "\n\n".join(f"# {package}.po\n{skeleton(found[package])}" for package in sorted(found))


def test_a_message_has_the_same_english_in_every_file_and_keeps_its_values() -> None:
    texts: dict[str, set[str]] = defaultdict(set)
    for path in CATALOGUES:
        with path.open("rb") as file:
            for message in pofile.read_po(file, locale="en"):
                if message.id:
                    assert message.string and not message.fuzzy, f"{path.name}: no English for {message.id!r}"
                    texts[str(message.id)].add(str(message.string))
    assert not {text: english for text, english in texts.items() if len(english) > 1}
    changed = {
        text: english
        for text, (english,) in texts.items()
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(english))
    }
    assert not changed, "the English does not use the same %(values)s"
    astray = {
        text: english
        for text, (english,) in texts.items()
        if not {name for name, _one, _many in NUMBERED.findall(english)} <= {*PLACEHOLDER.findall(text)}
        or len(NUMBERED.findall(english)) != len(re.findall(r"%\([^)]*\|", english))
    }
    assert not astray, "%(n|one|many)s needs two forms and a value of the message"


def test_english_texts_hold_no_chinese() -> None:
    """Except names that are Chinese in themselves, which stand in quotation marks or brackets."""
    bad = []
    for path in CATALOGUES:
        with path.open("rb") as file:
            for message in pofile.read_po(file, locale="en"):
                bare = re.sub(r"[“\"'(（《].*?[”\"')）》]", "", str(message.string)) if message.id else ""
                if CHINESE.search(bare):
                    bad.append(f"{path.name}: {message.string}")
    assert not bad


# Papers that are served on somebody: their wording is prescribed, and valid in Chinese only (domain 2.6.2).
PRESCRIBED = re.compile(r"templates/inspections/(paper|_paper_\w+)\.html")
TRANSLATED = [path for path in TEMPLATES if not PRESCRIBED.fullmatch(name_of(path))]


@pytest.mark.parametrize("path", TRANSLATED, ids=name_of)
def test_templates_hold_no_chinese_outside_messages(path: Path) -> None:
    assert [f"{name_of(path)}:{line}: {text}" for line, text in untranslated(path)] == []


def test_messages_are_plain_texts() -> None:
    """An f-string or a sum is another text each time, which no catalogue can hold: values go in as %(name)s."""
    bad = [
        f"{name_of(path)}:{call.lineno}"
        for path in below("app", ".py")
        for call in python_calls(path)
        if isinstance(call.args[0], (ast.JoinedStr, ast.BinOp))
    ]
    bad += [
        f"{name_of(path)}:{call.lineno}"
        for path in TEMPLATES
        for call in template_calls(path)
        if isinstance(call.args[0], (nodes.BinExpr, nodes.Concat))
    ]
    assert not bad


def _pairs(value: object, place: str) -> list[str]:
    """Places of {"zh": …} without "en", or the other way round, or with an empty one."""
    if isinstance(value, list):
        return [bad for number, item in enumerate(value) for bad in _pairs(item, f"{place}[{number}]")]
    if not isinstance(value, dict):
        return []
    halves = {key for key in ("zh", "en") if value.get(key)}
    bad = [place] if {"zh", "en"} & value.keys() and halves != {"zh", "en"} else []
    return bad + [deeper for key, item in value.items() for deeper in _pairs(item, f"{place}.{key}")]


def _data_files() -> list[Path]:
    return [
        path
        for path in tracked()
        if path.is_relative_to(ROOT / "bpmn") or path.is_relative_to(ROOT / "app")
        if path.suffix in {".toml", ".json"}
    ]


@pytest.mark.parametrize("path", _data_files(), ids=name_of)
def test_data_files_say_everything_in_both_languages(path: Path) -> None:
    import json
    import tomllib

    text = path.read_text(encoding="utf-8")
    assert _pairs(json.loads(text) if path.suffix == ".json" else tomllib.loads(text), path.stem) == []
