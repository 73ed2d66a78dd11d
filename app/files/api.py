from __future__ import annotations

from flask import Flask

from app import web
from app.files import queries
from app.files.models import Attachment
from app.files.receiving import limit_request, receive
from app.files.schemas import FileOut

blp = web.blueprint("files", description="Photos and documents")
blp.url_value_preprocessor(limit_request)


@blp.route("/files", methods=["POST"])
@blp.response(201, FileOut)
def create() -> Attachment:
    """Upload one file (multipart field `file`, at most 20 MB; `kind=photo` takes only pictures)."""
    return receive()


@blp.route("/files/<file_id>")
@blp.response(200, FileOut)
def show(file_id: str) -> Attachment:
    """A file's particulars; its content is at `url`."""
    return queries.find(web.db.session(), file_id, web.current_user())


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
