"""The files that architecture tests read, and how texts are found in them."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, nodes

from app.config import ROOT

CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
MARKS = frozenset({"_", "lazy_", "gettext"})  # what makes a text a message
PAIRS = frozenset({"bilingual", "pick"})  # what is given both languages at once
OWN_NAMES = re.compile(r"督(?=</i>)|中文")  # the product's mark, and the language's own name
JINJA = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True)


@dataclass(frozen=True)
class Message:
    """A text that a person reads, with the place where it is written."""

    text: str
    path: str
    line: int

    @property
    def package(self) -> str:
        """The .po file it belongs to: the package's; `web` for what all pages share."""
        folder = (*Path(self.path).parts[1:-1], "web")[0]
        return {"_macros": "web", "errors": "web", "security": "accounts", "fields": "forms"}.get(folder, folder)


@cache
def tracked() -> tuple[Path, ...]:
    """What git keeps, and what it would keep once added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(path for name in sorted(set(listed.stdout.split("\0"))) if name and (path := ROOT / name).is_file())


def below(folder: str, suffix: str) -> list[Path]:
    return [path for path in tracked() if path.is_relative_to(ROOT / folder) and path.suffix == suffix]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def messages() -> Iterator[Message]:
    """Every message of app and templates."""
    for path in below("app", ".py"):
        for call in python_calls(path):
            if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
                yield Message(call.args[0].value, name_of(path), call.lineno)
    for path in below("templates", ".html"):
        for call in template_calls(path):
            if isinstance(call.args[0], nodes.Const) and isinstance(call.args[0].value, str):
                yield Message(call.args[0].value, name_of(path), call.lineno)


def python_calls(path: Path) -> Iterator[ast.Call]:
    """Calls of `_("…")` and `lazy_("…")`, also as `i18n._("…")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in MARKS:
                yield node


def template_calls(path: Path) -> Iterator[nodes.Call]:
    for call in parsed(path).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in MARKS and call.args:
            yield call


@cache
def parsed(path: Path) -> nodes.Template:
    return JINJA.parse(path.read_text(encoding="utf-8"))


def untranslated(path: Path) -> Iterator[tuple[int, str]]:
    """Chinese of a template that is not in a message: in the page's text, or a string in an expression."""
    yield from _untranslated(parsed(path))


def _untranslated(node: nodes.Node) -> Iterator[tuple[int, str]]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MARKS | PAIRS:
        return
    text = node.data if isinstance(node, nodes.TemplateData) else getattr(node, "value", None)
    if isinstance(text, str):
        for number, line in enumerate(text.splitlines()):
            if CHINESE.search(OWN_NAMES.sub("", line.replace("\u3000", ""))):  # a wide space is no word
                yield node.lineno + number, line.strip()
    for child in node.iter_child_nodes():
        yield from _untranslated(child)
