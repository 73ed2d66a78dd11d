"""Writes on organisations and the dictionary of sectors; audited, never committed here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import Organisation, OrganisationSector, Region, Sector
from app.accounts.queries import active_people_count
from app.audit import Actor
from app.errors import Conflict, Invalid
from app.i18n import _


class Organisations:
    """What an actor does to organisations and sectors at one instant, in one session."""

    def __init__(self, session: Session, by: Actor, at: dt.datetime) -> None:
        self.session, self.by, self.at = session, by, at

    def create(self, data: Mapping[str, Any]) -> Organisation:
        fields, sectors = self._split(data, None)
        org = Organisation(**fields)
        self.session.add(org)
        self.session.flush()
        self._set_sectors(org, sectors)
        self._record("organisations.created", "organisation", org.id, name=org.name, code=org.code)
        return org

    def edit(self, org: Organisation, data: Mapping[str, Any]) -> None:
        fields, sectors = self._split(data, org)
        changed = {key: value for key, value in fields.items() if getattr(org, key) != value}
        for key, value in changed.items():
            setattr(org, key, value)
        if self._set_sectors(org, sectors):
            changed["sectors"] = sorted(sectors)
        if changed:
            self._record("organisations.edited", "organisation", org.id, changed=changed)

    def deactivate(self, org: Organisation) -> None:
        """Close an organisation. Its people must have moved first: nobody may sign in for what no longer exists."""
        if not org.active:
            raise Conflict(_("该单位已停用"))
        if count := active_people_count(self.session, org.id):
            raise Conflict(_("该单位还有 %(count)s 个在用账户，先调离或停用", count=count))
        org.active = False
        self._record("organisations.deactivated", "organisation", org.id)

    def activate(self, org: Organisation) -> None:
        if org.active:
            raise Conflict(_("该单位未停用"))
        org.active = True
        self._record("organisations.activated", "organisation", org.id)

    def save_sector(self, sector: Sector | None, data: Mapping[str, Any]) -> Sector:
        """Make a sector or change it; the code of one that exists stays, because records refer to it.

        One in use has a lead department, else what happens in it would come to nobody. Where responsibility for a
        new trade is unclear the government settles it by likeness of business (Work Safety Law, article 10).
        """
        lead = data.get("lead_org_id")
        if data.get("active") and not lead:
            raise Invalid({"lead_org_id": [_("在用的领域须有牵头单位")]})
        if lead and self.session.get(Organisation, lead) is None:
            raise Invalid({"lead_org_id": [_("没有这个单位")]})
        if sector is None:
            if self.session.get(Sector, data["code"]) is not None:
                raise Invalid({"code": [_("代码已被使用")]})
            sector = Sector(**data)
            self.session.add(sector)
            action = "sectors.created"
        else:
            for key, value in data.items():
                if key != "code":
                    setattr(sector, key, value)
            action = "sectors.edited"
        self.session.flush()
        if lead:
            self.session.merge(OrganisationSector(org_id=lead, sector_code=sector.code))
        self._record(action, "sector", sector.code, **data)
        return sector

    def _split(self, data: Mapping[str, Any], org: Organisation | None) -> tuple[dict[str, Any], set[str]]:
        fields = dict(data)
        sectors = set(fields.pop("sectors", ()))
        errors: dict[str, list[str]] = {}
        for key, text in (("code", _("代码已被使用")), ("name", _("已有同名单位"))):
            twin = self.session.scalar(sa.select(Organisation.id).where(getattr(Organisation, key) == fields[key]))
            if twin is not None and (org is None or twin != org.id):
                errors[key] = [text]
        if fields.get("region_code") and self.session.get(Region, fields["region_code"]) is None:
            errors["region_code"] = [_("没有这个区划")]
        if fields.get("parent_id") and not self._may_be_parent(fields["parent_id"], org):
            errors["parent_id"] = [_("上级单位不存在，或者是本单位的下级")]
        if errors:
            raise Invalid(errors)
        return fields, sectors

    def _may_be_parent(self, parent_id: str, org: Organisation | None) -> bool:
        """An organisation that exists and does not stand below this one."""
        current = self.session.get(Organisation, parent_id)
        if current is None:
            return False
        while current is not None:
            if org is not None and current.id == org.id:
                return False
            current = self.session.get(Organisation, current.parent_id) if current.parent_id else None
        return True

    def _set_sectors(self, org: Organisation, wanted: Iterable[str]) -> bool:
        known = set(self.session.scalars(sa.select(Sector.code)))
        rows = OrganisationSector.sector_code
        present = set(self.session.scalars(sa.select(rows).where(OrganisationSector.org_id == org.id)))
        target = set(wanted) & known
        for code in target - present:
            self.session.add(OrganisationSector(org_id=org.id, sector_code=code))
        gone = present - target
        if gone:
            self.session.execute(
                sa.delete(OrganisationSector).where(OrganisationSector.org_id == org.id, rows.in_(gone))
            )
        return target != present

    def _record(self, action: str, kind: str, object_id: str, **detail: Any) -> None:
        audit.record(self.session, self.at, self.by, action, kind, object_id, **detail)
