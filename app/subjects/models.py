from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Scope, new_id
from app.i18n import lazy_

Id = sa.String(32)

TYPES = {
    "enterprise": lazy_("企业"),
    "project": lazy_("建设项目"),
    "vessel": lazy_("渔船"),
    "household": lazy_("住户"),
    "greenhouse": lazy_("大棚"),
    "village": lazy_("村居"),
    "vehicle_fleet": lazy_("运输车队"),
    "retail_point": lazy_("零售点"),
    "road_section": lazy_("道路路段"),
    "venue": lazy_("公共场所"),
}
ID_TYPES = {
    "uscc": lazy_("统一社会信用代码"),
    "permit": lazy_("施工许可证号"),
    "vessel": lazy_("船名号"),
    "household": lazy_("户号"),
    "licence": lazy_("许可证号"),
    "other": lazy_("其他编号"),
}
STATUSES = {
    "active": lazy_("在营"),
    "suspended": lazy_("停产停业"),
    "closed": lazy_("已注销"),
}


class Subject(Base):
    """A supervised subject (监管对象): whatever is inspected and has to rectify."""

    __tablename__ = "subject"
    __scope__ = Scope(
        region="region_code",
        sector="sector_code",
        orgs=("supervising_org_id",),
        responsible="org_id",
    )
    __table_args__ = (
        sa.UniqueConstraint("id_type", "id_no"),
        sa.Index("ix_subject_name_key", "name_key", "region_code"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    type: Mapped[str] = mapped_column(sa.String(20), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    name_key: Mapped[str] = mapped_column(sa.String(120))
    search_text: Mapped[str] = mapped_column(sa.String(600))
    id_type: Mapped[str | None] = mapped_column(sa.String(12))
    id_no: Mapped[str | None] = mapped_column(sa.String(40))
    region_code: Mapped[str] = mapped_column(sa.String(12), sa.ForeignKey("region.code"), index=True)
    address: Mapped[str] = mapped_column(sa.String(200), default="")
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    sector_code: Mapped[str] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"), index=True)
    industry_code: Mapped[str] = mapped_column(sa.String(8), default="")  # GB/T 4754-2017
    category: Mapped[str] = mapped_column(sa.String(60), default="")
    is_key: Mapped[bool] = mapped_column(default=False)  # 重点
    is_above_scale: Mapped[bool] = mapped_column(default=False)  # 规上
    is_high_risk: Mapped[bool] = mapped_column(default=False)  # 高危
    tags: Mapped[list[str]] = mapped_column(default=list)
    manager_name: Mapped[str] = mapped_column(sa.String(40), default="")
    manager_phone: Mapped[str] = mapped_column(sa.String(20), default="")
    safety_officer: Mapped[str] = mapped_column(sa.String(40), default="")
    safety_phone: Mapped[str] = mapped_column(sa.String(20), default="")
    org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)  # its own accounts
    supervising_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    town_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    status: Mapped[str] = mapped_column(sa.String(12), default="active")
    rev: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    updated_by: Mapped[str] = mapped_column(sa.String(80), default="")

    @property
    def type_name(self) -> str:
        return str(TYPES.get(self.type, self.type))

    @property
    def status_name(self) -> str:
        return str(STATUSES.get(self.status, self.status))

    @property
    def id_type_name(self) -> str:
        return str(ID_TYPES.get(self.id_type or "", ""))
