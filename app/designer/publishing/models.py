from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id
from app.i18n import _, lazy_

Id = sa.String(32)
ACTIONS: dict[str, Any] = {
    "publish": lazy_("发布新版本"),
    "roll_back": lazy_("恢复旧版本"),
    "retire": lazy_("停用流程"),
}
STATUSES: dict[str, Any] = {
    "waiting": lazy_("待审批"),
    "refused": lazy_("已退回"),
    "approved": lazy_("已批准，待生效"),
    "published": lazy_("已生效"),
    "withdrawn": lazy_("已撤回"),
}
OPEN = ("waiting", "refused", "approved")
_OVERTAKEN = "@overtaken"


@dataclass(frozen=True)
class Overtaken:
    """Another version came into force after a request was submitted. As text it is kept as the reason of its return."""

    was: int | None
    now: int | None

    def __str__(self) -> str:
        return f"{_OVERTAKEN} {self.was or '-'} {self.now or '-'}"

    @classmethod
    def of(cls, reason: str) -> Overtaken | None:
        parts = reason.split(" ")
        if len(parts) != 3 or parts[0] != _OVERTAKEN:
            return None
        was, now = (int(part) if part.isdecimal() else None for part in parts[1:])
        return cls(was, now)

    @property
    def words(self) -> str:
        if self.was is None:
            return _("提交申请以后已有 v%(now)s 生效，这里的内容没有与它核对过", now=self.now)
        if self.now is None:
            return _("申请是与 v%(was)s 核对的，它已停用", was=self.was)
        return _("申请是与 v%(was)s 核对的，现行已是 v%(now)s", was=self.was, now=self.now)


class Publication(Base):
    """A request to change what new instances get; `instance_id` is its one process instance.

    `content_hash` is of the draft as it was submitted: exactly that is put into effect, or nothing. `in_force` is the
    version that was in force when it was submitted, `version` the one that it brings.
    """

    __tablename__ = "publication"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    action: Mapped[str] = mapped_column(sa.String(12))
    key: Mapped[str] = mapped_column(sa.String(80), index=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    draft_id: Mapped[str | None] = mapped_column(Id, index=True)
    content_hash: Mapped[str] = mapped_column(sa.String(64), default="")
    in_force: Mapped[int | None]
    version: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.Text)
    effective_at: Mapped[dt.datetime | None]
    status: Mapped[str] = mapped_column(sa.String(12), default="waiting", index=True)
    submitted_at: Mapped[dt.datetime] = mapped_column(index=True)
    submitted_by_id: Mapped[str | None] = mapped_column(Id)
    submitted_by_name: Mapped[str] = mapped_column(sa.String(80))
    submitted_by_org_id: Mapped[str | None] = mapped_column(Id)
    decided_at: Mapped[dt.datetime | None]
    decided_by_id: Mapped[str | None] = mapped_column(Id)
    decided_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    finished_at: Mapped[dt.datetime | None]

    @property
    def action_name(self) -> str:
        return str(ACTIONS[self.action])

    @property
    def status_name(self) -> str:
        return str(STATUSES[self.status])

    @property
    def why(self) -> str:
        """Why it came back, as a person reads it."""
        overtaken = Overtaken.of(self.reason)
        return overtaken.words if overtaken else self.reason

    @property
    def is_open(self) -> bool:
        return self.status in OPEN
