"""What is known of a draft's decision tables: problems of cells, values of inputs, what the analysis says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.designer.decisions import cells, table
from app.designer.decisions.analysis import Analysis, analyse
from app.designer.decisions.regions import DECLARED, INTEGER, NUMBER, Domain, allowed
from app.engine import DecisionFailed, DecisionRefused, DecisionTable, Engine, Package
from app.i18n import _, bilingual

FOLDER, SUFFIX = "decisions/", ".dmn"


@dataclass(frozen=True)
class Tried:
    """What came out for the values that were typed in: the numbers of the rows, the variables, or why nothing."""

    rows: tuple[int, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    failed: str = ""


def file_of(name: str) -> str:
    return f"{FOLDER}{name}{SUFFIX}"


def problems(engine: Engine, shown: table.Table) -> dict[str, str]:
    """What is wrong at which field of the page, in the language's own words."""
    found: dict[str, str] = {}

    def look(name: str, text: str) -> None:
        if wrong := engine.language.problem(text):
            found[name] = bilingual(*wrong)

    for c, column in enumerate(shown.inputs):
        look(f"in-{c}-text", column.text)
        if column.values and allowed(column.values) is None:
            found[f"in-{c}-values"] = _('应写成 "a", "b" 或 [0..100]')
    for c, column in enumerate(shown.outputs):
        if not all(part.isidentifier() for part in column.text.split(".")):
            found[f"out-{c}-text"] = _("应为变量名：字母、数字和“_”，不以数字开头")
    found |= _cell_problems(engine, shown)
    for r, row in enumerate(shown.rows):
        for c, text in enumerate(row.outputs):
            if text:
                look(f"row-{r}-out-{c}", text)
    return found


def _cell_problems(engine: Engine, shown: table.Table) -> dict[str, str]:
    return {
        f"row-{r}-in-{c}": wrong
        for r, row in enumerate(shown.rows)
        for c, text in enumerate(row.inputs)
        if (wrong := cell_problem(engine, shown.inputs[c].text, text))
    }


def cell_problem(engine: Engine, column: str, text: str) -> str | None:
    """Why a cell cannot be carried out; None where it can."""
    if cells.is_any(text):
        return None
    if len(text) > cells.LONGEST:
        return _("超过 %(n)s 个字符", n=cells.LONGEST)
    if engine.language.problem(column):
        return None  # said at the column
    wrong = engine.language.problem(cells.asked(engine, column, text))
    if wrong is None:
        return None
    own = engine.language.problem(text)
    return bilingual(*(own or wrong))


def domains(engine: Engine, package: Package, shown: table.Table) -> dict[str, Domain]:
    """What values each input can have: as its column says, else as the only form says that asks for it."""
    asked: dict[str, set[tuple[str, str | None]]] = {}
    for variable in engine.variables(package):
        asked.setdefault(variable.name, set()).add((variable.origin, variable.form))
    found: dict[str, Domain] = {}
    for column in shown.inputs:
        kind = DECLARED.get(column.type.lower())
        said = allowed(column.values) if column.values else None
        if said is not None:
            found[column.text] = Domain(kind, said.closed, said.low, said.high)
            continue
        from_forms = [
            _field_domain(package, str(form), column.text) for origin, form in asked.get(column.text, ()) if form
        ]
        only_forms = all(origin == "form" for origin, _form in asked.get(column.text, ()))
        known = from_forms[0] if len(from_forms) == 1 and only_forms else None
        found[column.text] = known or Domain(kind)
    return found


def _field_domain(package: Package, form: str, name: str) -> Domain | None:
    """What a field of a form says about its answer; None where it does not narrow it."""
    try:
        spec = next(f for f in json.loads(package.files[f"forms/{form}.json"])["fields"] if f.get("name") == name)
    except (KeyError, ValueError, TypeError, StopIteration, AttributeError):
        return None
    empty = spec.get("required") is not True or "visible_if" in spec
    options = spec.get("options")
    if spec.get("kind") in ("select", "radio") and isinstance(options, list) and not spec.get("source"):
        values = tuple(o["value"] for o in options if isinstance(o, dict) and "value" in o)
        return Domain(None, values, empty=empty, form=form)
    if spec.get("kind") in ("number", "money"):
        whole = spec["kind"] == "money" or spec.get("decimals") == 0
        low, high = (b if isinstance(b := spec.get(w), (int, float)) else None for w in ("min", "max"))
        low = 0 if spec["kind"] == "money" and spec.get("min") is None else low
        return Domain(INTEGER if whole else NUMBER, None, low, high, empty, form)
    if spec.get("kind") == "checkbox":
        return Domain(None, (True, False), form=form, empty="visible_if" in spec)
    return None


def analysis_of(engine: Engine, package: Package, shown: table.Table) -> Analysis:
    return analyse(
        engine,
        shown.policy,
        [column.text for column in shown.inputs],
        [row.inputs for row in shown.rows],
        domains(engine, package, shown),
    )


def asked_for(engine: Engine, shown: table.Table) -> list[str]:
    """The variables that a table reads, dots leading into records: what somebody has to type to try it."""
    found: dict[str, None] = {}
    for column in shown.inputs:
        path = cells.path_of(column.text)
        for name in [".".join(path)] if path else _names(engine, column.text):
            found[name] = None
    for row in shown.rows:
        for column, text in zip(shown.inputs, row.inputs, strict=True):
            if not cells.is_any(text):
                for name in _names(engine, cells.asked(engine, column.text, text)):
                    found.update({} if any(known.split(".")[0] == name for known in found) else {name: None})
        for text in row.outputs:
            for name in _names(engine, text):
                found.update({} if any(known.split(".")[0] == name for known in found) else {name: None})
    return list(found)


def _names(engine: Engine, text: str) -> list[str]:
    if not text or engine.language.problem(text):
        return []
    return sorted(engine.language.names(text) - {cells.INPUT})


def attempt(engine: Engine, content: bytes, shown: table.Table, values: Mapping[str, Any]) -> Tried:
    """The table through the engine, for these variables."""
    data = cells.record({tuple(name.split(".")): value for name, value in values.items()})
    try:
        decided = DecisionTable(content, engine.language).decide(data)
    except DecisionFailed as wrong:
        return Tried(failed=str(wrong))
    except DecisionRefused:
        return Tried(failed=_("表中还有错误，不能试算"))
    ids = [row.id for row in table.read(content).rows]
    rows = tuple(ids.index(rule) + 1 for rule in decided.rules if rule in ids)
    return Tried(rows if shown.policy == "COLLECT" else rows[:1], decided.result)
