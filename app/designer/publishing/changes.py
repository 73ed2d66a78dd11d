"""What a request changes, as sentences: the comparison with the version in force."""

from __future__ import annotations

import contextlib

from sqlalchemy.orm import Session

from app import web
from app.designer import drafts
from app.designer.comparing import Wording, compare
from app.designer.comparing.queries import office
from app.designer.publishing.models import Publication
from app.engine import Package
from app.errors import NotFound

MOST = 60


def sentences(session: Session, before: Package | None, after: Package) -> list[str]:
    """At most so many; nothing where there is no version before."""
    if before is None:
        return []
    comparison = compare(before, after)
    wording = Wording(comparison, office(session))
    return [wording.sentence(one) for one in comparison.differences[:MOST]]


def version_package(key: str, version: int | None) -> Package | None:
    if version is None:
        return None
    with contextlib.suppress(NotFound):
        return web.engine().export(key, version)
    return None


def after(session: Session, publication: Publication) -> Package | None:
    """What new instances would get; None where the process is retired, or the draft is gone."""
    if publication.draft_id and publication.status != "published":
        with contextlib.suppress(NotFound):
            return drafts.package_of(session, drafts.find(session, publication.draft_id))
    return version_package(publication.key, publication.version) if publication.action != "retire" else None


def of_publication(session: Session, publication: Publication) -> list[str]:
    package = after(session, publication)
    return sentences(session, version_package(publication.key, publication.in_force), package) if package else []
