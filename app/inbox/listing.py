"""A list of the inbox as one value: which box, under which filters, in which order. Pages and tasks carry it along."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from app.engine import HumanTask
from app.i18n import _, lazy_
from app.inbox import boxes, queries

BOX_NAMES: dict[str, Any] = {
    "todo": lazy_("待办"),
    "claimable": lazy_("待签收"),
    "proxy": lazy_("代办"),
    "done": lazy_("已办"),
    "started": lazy_("我发起"),
    "cc": lazy_("抄送"),
    "passed": lazy_("转出"),
}
LIGHT_NAMES: dict[str, Any] = {
    "red": lazy_("超期"),
    "amber": lazy_("临期"),
    "green": lazy_("正常"),
    "paused": lazy_("中止"),
    "none": lazy_("不限时"),
}
HEADINGS: dict[str, Any] = {
    "1-overdue": lazy_("已超期"),
    "2-today": lazy_("今日到期"),
    "3-tomorrow": lazy_("明日到期"),
    "4-later": lazy_("以后到期"),
    "5-none": lazy_("不限时"),
    "6-ended": lazy_("已办结"),
}
GLYPHS = {"paused": "pause"}  # the light's name in the design's glyphs


@dataclass(frozen=True)
class Listing:
    """What a person looks at. The defaults are what stands in no address."""

    box: str = "todo"
    light: str = ""
    process: str = ""
    step: str = ""  # definition and node: hazard_rectification.rectify
    region: str = ""
    urged: str = ""
    q: str = ""
    sort: str = ""

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Listing:
        """From a query string; whatever makes no sense is left out."""
        text = {name: str(args.get(name) or "").strip()[:100] for name in cls.__dataclass_fields__}
        listing = cls(**text)
        return replace(
            listing,
            box=listing.box if listing.box in boxes.BOXES else "todo",
            light=listing.light if listing.light in boxes.LIGHTS else "",
            urged="1" if listing.urged else "",
            sort=listing.sort if listing.sort.lstrip("-") in queries.SORTS else "",
        )

    def args(self, **changes: Any) -> dict[str, Any]:
        """As a query string's arguments, with some changed; empty ones are dropped."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__} | changes
        return {name: str(value) for name, value in values.items() if value and (name, value) != ("box", "todo")}

    @property
    def filters(self) -> dict[str, str]:
        return {
            "light": self.light,
            "process": self.process,
            "step": self.step,
            "region": self.region,
            "urged": self.urged,
            "q": self.q,
        }

    @property
    def filtered(self) -> bool:
        return any(self.filters.values())

    @property
    def grouped(self) -> bool:
        """Only what is open and stands in the order of its deadline has headings."""
        return not self.sort and self.box in ("todo", "claimable", "proxy", "started", "passed")

    @property
    def name(self) -> str:
        return str(BOX_NAMES[self.box])

    @property
    def order_name(self) -> str:
        if self.sort:
            return ""
        return {"done": _("按办结时间排序"), "cc": _("按抄送时间排序")}.get(self.box, _("按剩余办理时间排序"))

    def tasks(
        self, session: Session, user: Any, now: dt.datetime, *, limit: int, offset: int = 0
    ) -> list[tuple[HumanTask, str]]:
        """(task, heading) of a stretch of the list."""
        return queries.listed(session, user, self.box, self.filters, now, self.sort, limit=limit, offset=offset)

    def ids(self, session: Session, user: Any, now: dt.datetime) -> list[str]:
        return queries.ids(session, user, self.box, self.filters, now, self.sort)


def grouped(rows: list[tuple[HumanTask, str]], listing: Listing) -> list[tuple[str, list[HumanTask]]]:
    """The rows of one page under their headings, in order; one group without a heading where there are none."""
    if not listing.grouped:
        return [("", [task for task, _heading in rows])] if rows else []
    found: dict[str, list[HumanTask]] = {}
    for task, heading in rows:
        found.setdefault(heading, []).append(task)
    return list(found.items())
