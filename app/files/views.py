from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request, send_file
from werkzeug.exceptions import RequestEntityTooLarge

from app import web
from app.db import write_transaction
from app.errors import Invalid, NotFound
from app.files import operations, queries, storage
from app.files.models import Attachment
from app.files.schemas import FileIn, FileOut
from app.i18n import _

blueprint = Blueprint("files", __name__, url_prefix="/files")
REQUEST_BYTES = storage.MAX_BYTES + 64 * 1024  # one file and the form around it


def limit_request(_endpoint: str | None, _values: dict[str, str] | None) -> None:
    """Refuse what is too long by its length alone, before anything reads it."""
    request.max_content_length = REQUEST_BYTES
    if request.method == "POST" and (request.content_length or 0) > REQUEST_BYTES:
        raise RequestEntityTooLarge()


blueprint.url_value_preprocessor(limit_request)


def receive() -> Attachment:
    """Take the file of a multipart request: cleaned first, entered in a transaction of its own afterwards."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid({"file": [_("没有选择文件")]})
    options = FileIn().load(request.form.to_dict())
    prepared = operations.prepare(upload.stream, upload.filename, photo=options["kind"] == "photo")
    with write_transaction(web.db.session()) as session:
        return operations.keep(session, prepared, by=web.actor(), now=web.clock().now())


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
