"""What is wrong with a package: everything at once, offline, in both languages, before anything of it runs.

Nothing is accepted that would not be executed. Each module looks at one side of the package and only adds to the
list; a document that does not open takes with it only what depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.engine.checking import (
    calls,
    decisions,
    documents,
    elements,
    events,
    expressions,
    flows,
    forms,
    loops,
    manifest,
    scenarios,
    schema,
    scripts,
    services,
    signing,
    size,
    statutory,
    timing,
    tokens,
    vocabulary,
)
from app.engine.checking.desk import MAX_PROBLEMS, Desk, Enough, FormCheck, Known
from app.engine.checking.problem import ERROR, WARNING, Problem
from app.engine.checking.variables import Variable, sources
from app.engine.language import Language
from app.engine.packages.compiling import CompileError, compile_package
from app.engine.packages.lanes import Lane
from app.engine.packages.package import DIAGRAM, Package
from app.engine.running.services import Services

__all__ = ["ERROR", "WARNING", "Known", "Problem", "Variable", "check_package", "variables_of"]


def check_package(
    package: Package,
    *,
    lanes: Mapping[str, Lane],
    roles: Iterable[str],
    rules: Iterable[str],
    services: Services,
    form_check: FormCheck | None,
    language: Language,
    known: Known = (),
    earlier: Package | None = None,
) -> list[Problem]:
    """Every problem of a package. `known` are the processes that it may start by name, with their packages if there.

    `earlier` is the version that this one is to follow: its statutory steps may be neither dropped nor gone round.
    """
    neighbours = dict(known) if isinstance(known, Mapping) else {}
    desk = Desk(
        package,
        lanes,
        frozenset(roles),
        frozenset(rules),
        services,
        form_check,
        language,
        frozenset(known),
        neighbours,
        earlier,
    )
    try:
        for look in _LOOKS:
            look(desk)
    except Enough:
        desk.problems.append(_MORE)
    if not any(problem.severity == ERROR for problem in desk.problems):
        _compile(desk)
    return sorted(desk.problems, key=lambda p: (p.severity != ERROR, p.file, p.line or 0))


def variables_of(
    package: Package, *, lanes: Mapping[str, Lane], services: Services, language: Language
) -> tuple[Variable, ...]:
    """Every variable that the check knows of, with what sets it. A package full of mistakes gives what can be read."""
    desk = Desk(package, lanes, frozenset(), frozenset(), services, None, language, frozenset())
    try:
        documents.check(desk)
    except Enough:
        return ()
    return tuple(dict.fromkeys(sources(desk)))


_MORE = Problem(
    "more",
    ERROR,
    f"问题超过 {MAX_PROBLEMS} 个，其余没有列出",
    f"More than {MAX_PROBLEMS} problems; the rest is not listed",
    DIAGRAM,
)
_LOOKS = (
    documents.check,
    manifest.check,
    elements.check,
    events.check,
    flows.check,
    statutory.check,
    loops.check,
    tokens.check,
    size.check,
    vocabulary.check,
    timing.check,
    signing.check,
    forms.check,
    decisions.check,
    services.check,
    calls.check,
    scripts.check,
    expressions.check,
    scenarios.check,
    schema.check,
)


def _compile(desk: Desk) -> None:
    """Last, SpiffWorkflow's own parser, behind everything that is known to upset it."""
    try:
        compile_package(desk.package)
    except CompileError as error:
        desk.add("parser", error.zh, error.en, element_id=error.element_id)
