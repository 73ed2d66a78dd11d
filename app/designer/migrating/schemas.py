from __future__ import annotations

from typing import Any

import marshmallow as ma

from app.designer.migrating import words


class MigrationIn(ma.Schema):
    """`mapping` names nodes of the old version and what takes their place; null: nothing does. `reason` to start."""

    to = ma.fields.Integer(required=True)
    mapping = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(allow_none=True), load_default=dict)
    dry_run = ma.fields.Boolean(load_default=True)
    reason = ma.fields.String(load_default="", validate=ma.validate.Length(max=2000))
    instances = ma.fields.List(
        ma.fields.String(), load_default=None, allow_none=True, validate=ma.validate.Length(max=10_000)
    )


# `from` is no name in Python.
MigrationIn._declared_fields["from"] = ma.fields.Integer(required=True, attribute="since")


class ItemOut(ma.Schema):
    """What became of one instance."""

    id = ma.fields.String()
    instance_id = ma.fields.String()
    business_key = ma.fields.String(allow_none=True)
    status = ma.fields.String(metadata={"enum": ["waiting", "done", "failed", "undone", "cancelled"]})
    attempts = ma.fields.Integer()
    reason = ma.fields.Method("_reason", metadata={"type": "object", "nullable": True})

    def _reason(self, row: Any) -> dict[str, str] | None:
        return {"code": row.reason["code"], "text": words.told(row.reason)} if row.reason else None


class MigrationOut(ma.Schema):
    """A migration that was started."""

    id = ma.fields.String()
    key = ma.fields.String()
    from_version = ma.fields.Integer()
    to_version = ma.fields.Integer()
    status = ma.fields.String(metadata={"enum": ["running", "done", "cancelled"]})
    total = ma.fields.Integer()
    counts = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())


class PlannedOut(ma.Schema):
    """The plan, and in a dry run what would become of each instance; else the migration that began."""

    plan = ma.fields.Raw(metadata={"type": "object"})
    results = ma.fields.Raw(metadata={"type": "array", "items": {"type": "object"}})
    migration = ma.fields.Nested(MigrationOut, allow_none=True)
