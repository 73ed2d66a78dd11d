from __future__ import annotations

import marshmallow as ma


class FileIn(ma.Schema):
    """Multipart fields beside the file."""

    class Meta:
        unknown = ma.EXCLUDE

    kind = ma.fields.String(load_default="file", validate=ma.validate.OneOf(["photo", "file"]))


class FileOut(ma.Schema):
    """A stored file. `sha256` is that of the stored, cleaned content."""

    id = ma.fields.String()
    name = ma.fields.String()
    content_type = ma.fields.String()
    size = ma.fields.Integer(metadata={"description": "bytes"})
    sha256 = ma.fields.String()
    width = ma.fields.Integer(allow_none=True)
    height = ma.fields.Integer(allow_none=True)
    taken_at = ma.fields.AwareDateTime(allow_none=True)
    latitude = ma.fields.Float(allow_none=True)
    longitude = ma.fields.Float(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    instance_id = ma.fields.String(allow_none=True)
    url = ma.fields.String()
    thumbnail_url = ma.fields.String()
