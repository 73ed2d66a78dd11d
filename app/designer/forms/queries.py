"""What a draft's forms hold, what is wrong with them, and where fields can be taken from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import web
from app.designer import drafts
from app.designer.comparing.vocabulary import FIELD_KINDS
from app.designer.forms import editing
from app.designer.forms.settings import P
from app.engine import Definition, Package
from app.forms import check
from app.forms.condition_words import in_words
from app.forms.conditions import text_of
from app.i18n import ENGLISH, get_locale, pick

FOLDER, SUFFIX = "forms/", ".json"


@dataclass(frozen=True)
class Listed:
    """A field in the list of a form."""

    place: str
    label: str
    name: str
    kind: str
    required: str  # empty, or when
    shown: str
    problems: tuple[str, ...]
    inner: bool
    first: bool
    last: bool


@dataclass(frozen=True)
class Fault:
    text: str
    path: str
    line: int | None


def file_of(name: str) -> str:
    return f"{FOLDER}{name}{SUFFIX}"


def faults(name: str, content: bytes) -> list[Fault]:
    """Every problem of the file in the present language, with its line."""
    places = editing.lines(content.decode("utf-8", "replace"))
    english = get_locale() == ENGLISH
    return [Fault(en if english else zh, path, editing.line_of(places, path)) for path, zh, en in check(name, content)]


def listed(form: editing.Form, found: list[Fault]) -> list[Listed]:
    """All fields in their order, those of a group after it."""
    said = {
        (str(spec.get("name")), text_of(option.get("value"))): pick(option.get("label"))
        for spec in [*form["fields"], *(inner for one in form["fields"] for inner in one.get("fields", ()))]
        for option in spec.get("options") or ()
        if isinstance(option, dict)
    }
    return list(_listed(form["fields"], "", "fields", {}, found, said))


def _listed(
    specs: list[dict[str, Any]],
    prefix: str,
    path: str,
    labels: dict[str, str],
    found: list[Fault],
    said: dict[tuple[str, str], str],
) -> Iterator[Listed]:
    labels = dict(labels)

    def say(name: str, value: Any) -> str:
        return said.get((name, text_of(value)), "")

    for n, spec in enumerate(specs):
        here = f"{path}[{n}]"
        inner = f"{here}.fields["
        mine = [one.text for one in found if one.path.startswith(here) and not one.path.startswith(inner)]
        label = pick(spec.get("label")) or pick(spec.get("text")) or str(spec.get("name") or "")
        required, shown = spec.get("required", False), spec.get("visible_if", True)
        yield Listed(
            f"{prefix}{n}",
            label[:60],
            str(spec.get("name") or ""),
            str(FIELD_KINDS.get(str(spec.get("kind")), spec.get("kind"))),
            "" if required is False else in_words(required, labels, say),
            "" if shown is True else in_words(shown, labels, say),
            tuple(mine),
            bool(prefix),
            n == 0,
            n == len(specs) - 1,
        )
        if isinstance(spec.get("name"), str):
            labels[spec["name"]] = label
        if isinstance(spec.get("fields"), list) and not prefix:
            yield from _listed(spec["fields"], f"{n}.", f"{here}.fields", labels, found, said)


def errors_of(found: list[Fault], place: str) -> dict[str, list[str]]:
    """The problems of one field by the names of its settings; what no setting stands for under `_`."""
    first, _dot, inner = place.partition(".")
    here = f"fields[{first}]" + (f".fields[{inner}]" if inner else "")
    errors: dict[str, list[str]] = {}
    for one in found:
        if one.path != here and not one.path.startswith((f"{here}.", f"{here}[")):
            continue
        rest = one.path[len(here) :].lstrip(".")
        if rest.startswith("fields["):
            continue
        errors.setdefault(_setting(rest), []).append(one.text)
    return errors


def _setting(path: str) -> str:
    """`options[1].label` → S_options-1-zh; `label` → S_label_zh."""
    word = path.partition(".")[0].partition("[")[0]
    if word == "options" and "[" in path:
        number = path.partition("[")[2].partition("]")[0]
        last = path.rpartition(".")[2]
        return f"{P}options-{number}-{'zh' if last == 'label' else last if last in ('value', 'tone') else 'value'}"
    if word in ("label", "help", "text", "unit"):
        return f"{P}{word}_zh"
    if word in ("visible_if", "required"):
        return f"{P}{word}_mode"
    return f"{P}{word}" if word else "_"


def sources(session: Session, draft: drafts.Draft) -> list[tuple[str, str, Package]]:
    """Where a form or a field may be copied from: this draft and the published processes. (key, title, package)."""
    engine = web.engine()
    found = [("", draft.title, drafts.package_of(session, draft))]
    select = sa.select(Definition).where(Definition.status == "published").order_by(Definition.key)
    for row in session.scalars(select):
        title = pick({"zh": row.title_zh, "en": row.title_en})
        found.append((row.key, title, engine.definition(session, row.id).package))
    return found


def copyable(session: Session, draft: drafts.Draft) -> list[tuple[str, list[tuple[str, str]]]]:
    """(process, forms), each form as `key/form` with its title."""
    found = []
    for key, title, package in sources(session, draft):
        forms = [
            (f"{key}/{name}", pick(form.get("title")) or name)
            for name, content in package.named("forms", SUFFIX).items()
            if (form := editing.read(content)) is not None
        ]
        if forms:
            found.append((title, forms))
    return found


def taken_from(session: Session, draft: drafts.Draft, reference: str) -> editing.Form | None:
    """The form that `key/form` names."""
    key, _slash, name = reference.partition("/")
    package = next((package for one, _title, package in sources(session, draft) if one == key), None)
    content = package.files.get(file_of(name)) if package else None
    return editing.read(content) if content is not None else None
