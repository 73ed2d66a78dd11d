"""What the diagrams of consultations call. Each finds its instance's record, writes one step and may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.engine import Engine


def init_engine(engine: Engine) -> None:
    from app.consultations.service_tasks import checks, consultation, opinion, visit

    for module in (consultation, visit, opinion, checks):
        module.init_engine(engine)
