"""What can be called by name is written down: commands, settings, service tasks, task checks, field kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from flask import Flask

from app import cli
from app.config import ROOT
from app.forms import KINDS

COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
CALLABLE = (ROOT / "docs" / "service-tasks.md").read_text(encoding="utf-8")
PROCESSES = ROOT / "bpmn" / "README.md"


def commands(group: click.Group, words: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


@pytest.fixture(scope="module")
def whole_command_line() -> click.Group:
    cli._groups()
    return cli.cli


def test_every_command_and_option_is_documented(whole_command_line: click.Group) -> None:
    rows = [row for row in COMMANDS.splitlines() if row.startswith("| `duban ")]
    missing = []
    for words, command in commands(whole_command_line, "duban"):
        row = next((row for row in rows if re.match(rf"\| `{words}[` ]", row)), None)
        if row is None:
            missing.append(words)
            continue
        options = [o for p in command.params if isinstance(p, click.Option) for o in (*p.opts, *p.secondary_opts)]
        missing += [f"{words} {option}" for option in options if option.startswith("--") and f"`{option}`" not in row]
    assert not missing, "add these to docs/commands.md"


def test_no_command_is_documented_that_does_not_exist(whole_command_line: click.Group) -> None:
    existing = [words for words, _ in commands(whole_command_line, "duban")]
    documented = re.findall(r"^\| `(duban [a-z -]+?)(?:`| [A-Z\[])", COMMANDS, re.MULTILINE)
    assert set(documented) <= set(existing)


def test_every_setting_is_documented() -> None:
    read = set(re.findall(r"DUBAN_[A-Z_]*[A-Z]", (ROOT / "app" / "config.py").read_text(encoding="utf-8")))
    assert {name for name in read if f"`{name}`" not in COMMANDS} == set()


def test_every_service_task_with_its_parameters_is_documented(app: Flask) -> None:
    missing = []
    for name, service in app.extensions["duban.engine"].services.tasks.items():
        row = next((row for row in CALLABLE.splitlines() if row.startswith(f"| `{name}` |")), "")
        params = service.params().fields if service.params else {}
        missing += [f"{name} {word}" for word in (name, *params) if f"`{word}`" not in row]
    assert not missing, "add these to docs/service-tasks.md"


def test_every_task_check_is_documented_and_nothing_else(app: Flask) -> None:
    services = app.extensions["duban.engine"].services
    documented = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", CALLABLE, re.MULTILINE))
    assert documented == {*services.tasks, *services.checks}


def test_every_field_kind_is_documented() -> None:
    text = PROCESSES.read_text(encoding="utf-8")
    assert {kind for kind in KINDS if f"`{kind}`" not in text} == set()
