from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Scope, new_id

Id = sa.String(32)


class HazardTally(Base):
    """How many hazards were found and closed out in a week: changes to be added up, folded from time to time.

    Every change of a hazard that matters adds a row in the same transaction; nothing is updated, so that nobody waits
    for anybody (docs/adr/0022). `week` is a Monday on the office's clock.
    """

    __tablename__ = "hazard_tally"
    __scope__ = Scope(region="town", sector="sector_code")  # what else opens a hazard is counted from the records
    __table_args__ = (sa.Index("ix_hazard_tally_campaign", "campaign_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, default="")  # "": under no campaign
    town: Mapped[str] = mapped_column(sa.String(12))
    sector_code: Mapped[str] = mapped_column(sa.String(40))
    major: Mapped[bool]
    week: Mapped[dt.date]
    found: Mapped[int]
    closed: Mapped[int]
    on_time: Mapped[int]  # of those closed
