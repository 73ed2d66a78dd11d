"""What is wrong with a draft, in the user's language: the engine's own check, with a fix where one click can do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app import web
from app.designer.drafts import queries
from app.designer.drafts.fixing import Bench, Changes, Fix, fix_of
from app.designer.drafts.models import Draft
from app.engine import Package, Problem
from app.errors import Conflict
from app.i18n import _, bilingual, lazy_

# What the engine says of a time in no form that it knows.
_NO_FORM = ("a deadline is the code of a rule", "is no day or instant")


@dataclass(frozen=True)
class Finding:
    """One problem as a person reads it. `hint` says what to do about it, `fix` does it."""

    problem: Problem
    fix: Fix | None
    also: tuple[str, ...] = ()  # scenarios that have the same problem

    @property
    def is_error(self) -> bool:
        return self.problem.severity == "error"

    @property
    def text(self) -> str:
        said = self._of_time or bilingual(self.problem.zh, self.problem.en)
        if not self.also:
            return said
        if self.problem.code == "scenario":
            return _("%(text)s（另有 %(n)s 个场景）", text=said, n=len(self.also))
        return _("%(text)s（%(n)s 个场景要经过它）", text=said, n=len(self.also))

    @property
    def _of_time(self) -> str:
        """A time limit that is written in no form at all, with the forms that people use; the files' own are theirs."""
        problem = self.problem
        if (
            problem.code not in ("deadline", "timer")
            or not problem.about
            or not any(one in problem.en for one in _NO_FORM)
        ):
            return ""
        return _(
            "“%(text)s”不是能用的时限，可以写“3 个工作日”“5 天”“48 小时”，或选一条期限规则",
            text=(problem.about or "")[:80],
        )

    @property
    def hint(self) -> str:
        if self._of_time:
            return ""
        return bilingual(*self.problem.fix) if self.problem.fix else ""

    @property
    def where(self) -> str:
        """The element by its name, else its id."""
        return self.problem.element_name or self.problem.element_id or ""

    def as_dict(self) -> dict[str, Any]:
        problem = self.problem
        return {
            "code": problem.code,
            "severity": problem.severity,
            "element": problem.element_id,
            "name": problem.element_name,
            "file": problem.file,
            "line": problem.line,
            "text": self.text,
            "hint": self.hint,
            "fix": {"id": self.fix.id, "label": self.fix.label} if self.fix else None,
        }


def check(session: Session, draft: Draft, unsaved: Mapping[str, bytes | None] | None = None) -> list[Finding]:
    """Every problem of the draft, of what is not saved yet too; statutory steps of the published version included."""
    files = queries.files_of(session, draft) | dict(unsaved or {})
    package = Package(draft.key, {name: content for name, content in files.items() if content is not None})
    return check_package(session, package)


def check_package(session: Session, package: Package) -> list[Finding]:
    engine = web.engine()
    known = engine.neighbours(session)
    earlier = engine.last_in_force(session, package.key)
    known.setdefault(package.key, Package(package.key, {}))  # a process may ask for itself
    problems = engine.check(package, known, earlier)
    bench = Bench(package, engine, frozenset(known), earlier)
    return [
        Finding(problem, fix_of(problem, bench) if problem.code != "scenario" else None, also)
        for problem, also in _folded(problems)
    ]


def _folded(problems: Sequence[Problem]) -> list[tuple[Problem, tuple[str, ...]]]:
    """Each problem with the other scenarios that have it too.

    A step that is gone is missed by every scenario that passes it: that is said once, and not at all where it is said
    of the step itself, that the law asks for it.
    """
    gone = {problem.about for problem in problems if problem.code == "statutory_removed"}
    missed: dict[str, list[str]] = {}
    for problem in problems:
        if problem.code == "scenario" and problem.about:
            missed.setdefault(problem.about, []).append(problem.file)
    found, said = [], set[str]()
    for problem in problems:
        also: tuple[str, ...] = ()
        if problem.code == "statutory_removed":
            also = tuple(missed.get(problem.about or "", ()))
        elif problem.code == "scenario" and problem.about:
            if problem.about in gone or problem.about in said:
                continue
            said.add(problem.about)
            also = tuple(missed[problem.about][1:])
        found.append((problem, also))
    return found


def errors_in(findings: list[Finding]) -> int:
    return sum(finding.is_error for finding in findings)


def changes_of(session: Session, draft: Draft, fix_id: str) -> Changes:
    """The files that a fix changes. Raises Conflict where its problem is no longer there."""
    for finding in check(session, draft):
        if finding.fix is not None and finding.fix.id == fix_id:
            return finding.fix.make()
    raise Conflict(lazy_("这个问题已经不在了，请重新校验"), rev=draft.rev)
