"""A desk with a package on it, for tests of one part of the check."""

from __future__ import annotations

from app.engine.checking import documents
from app.engine.checking.desk import Desk
from app.engine.language import Language
from app.engine.packages.package import Package
from tests.checking.packages import LANES, ROLES, RULES, services


def desk(package: Package) -> Desk:
    made = Desk(package, LANES, ROLES, RULES, services(), None, Language({}), frozenset({package.key}))
    documents.check(made)
    return made
