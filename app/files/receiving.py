"""Taking a file out of a request: one way for the page and the API."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from app import web
from app.db import write_transaction
from app.errors import Invalid
from app.files import operations, storage
from app.files.models import Attachment
from app.files.schemas import FileIn
from app.i18n import _

REQUEST_BYTES = storage.MAX_BYTES + 64 * 1024  # one file and the form around it


def limit_request(_endpoint: str | None, _values: dict[str, str] | None) -> None:
    """Refuse what is too long by its length alone, before anything reads it."""
    request.max_content_length = REQUEST_BYTES
    if request.method == "POST" and (request.content_length or 0) > REQUEST_BYTES:
        raise RequestEntityTooLarge()


def receive() -> Attachment:
    """Take the file of a multipart request: cleaned first, entered in a transaction of its own afterwards."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid({"file": [_("没有选择文件")]})
    options = FileIn().load(request.form.to_dict())
    prepared = operations.prepare(upload.stream, upload.filename, photo=options["kind"] == "photo")
    with write_transaction(web.db.session()) as session:
        return operations.keep(session, prepared, by=web.actor(), now=web.clock().now())
