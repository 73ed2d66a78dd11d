from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, jsonify, send_file

from app import web
from app.errors import NotFound
from app.files import queries, storage
from app.files.models import Attachment
from app.files.receiving import limit_request, receive
from app.files.schemas import FileOut

blueprint = Blueprint("files", __name__, url_prefix="/files")
blueprint.url_value_preprocessor(limit_request)


@blueprint.post("")
def create() -> tuple[Response, int]:
    return jsonify(FileOut().dump(receive())), 201


@blueprint.get("/<file_id>")
def show(file_id: str) -> Response:
    return _send(queries.find(web.db.session(), file_id, web.current_user()))


@blueprint.get("/<file_id>/thumbnail")
def thumbnail(file_id: str) -> Response:
    attachment = queries.find(web.db.session(), file_id, web.current_user())
    if not attachment.is_image:
        raise NotFound()
    return _send(attachment, small=True)


def _send(attachment: Attachment, *, small: bool = False) -> Response:
    """Photos are shown, everything else is only ever downloaded; nothing in a file may run."""
    path = storage.path_of(attachment.key, thumbnail=small)
    if not path.exists():
        raise NotFound()
    response = send_file(
        path,
        mimetype=attachment.content_type,
        conditional=True,
        etag=attachment.sha256 + "t" * small,
    )
    kind = "inline" if attachment.is_image else "attachment"
    response.headers["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(attachment.name, safe='')}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-cache"
    return response
