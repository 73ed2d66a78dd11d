"""The figures that a rehearsal begins with."""

from __future__ import annotations

from app import web
from app.designer.rehearsing.queries import Source
from app.engine import (
    Outline,
    Priors,
    RehearsalModel,
    XMLRefused,
    rehearsal_outline,
    rehearsal_priors,
    suggest_rehearsal,
)
from app.errors import Conflict
from app.i18n import _


def proposed(source: Source) -> tuple[Outline, RehearsalModel, Priors]:
    """What the package leaves open, and the figures to begin with."""
    session, engine = web.db.session(), web.engine()
    try:
        outline = rehearsal_outline(engine, source.package)
    except XMLRefused as refused:
        raise Conflict(_("流程图无法读取，请先按校验结果改正")) from refused
    priors = rehearsal_priors(session, outline, web.clock().now())
    return outline, suggest_rehearsal(engine, session, outline, priors), priors
