"""What makes the application installable and lets chosen pages work without a network.

The worker keeps the built files, a page that says what is on the phone, and each checklist that was opened. It keeps
nothing else: no list, no record, no photo of another page. What people enter waits in the browser's own database
until it is sent (static/js/field). Why a worker of our own: docs/adr/0026-checklists-on-the-phone.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import PurePosixPath

from flask import Blueprint, Flask, Response, current_app, jsonify, url_for

from app.config import ROOT
from app.i18n import _
from app.web.rendering import render
from app.web.shell import public

blueprint = Blueprint("offline", __name__)
_KEPT = ("app.css", "theme.js", "app.js", "field.js", "offline.js", "icons.svg", "icon.svg")


def _asset(name: str) -> str:
    url: Callable[[str], str] = current_app.jinja_env.globals["asset"]  # type: ignore[assignment]
    return url(name)


@blueprint.get("/sw.js")
@public
def worker() -> Response:
    """The service worker, for the whole site. A new build is a new text, which the browser installs by itself."""
    urls = [_asset(name) for name in _KEPT]
    version = hashlib.sha256("\n".join(urls).encode()).hexdigest()[:12]
    built = PurePosixPath(_asset("worker.js")).name
    text = (ROOT / "static" / "dist" / built).read_text()
    response = Response(f"const ASSETS = {json.dumps({'version': version, 'urls': urls})};\n{text}")
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@blueprint.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """Name, icon and start page, for phones that put the application on their home screen."""
    response = jsonify(
        {
            "name": _("督办"),
            "short_name": _("督办"),
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#f5f6f8",
            "theme_color": "#1f3a63",
            "icons": [{"src": _asset("icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
        }
    )
    response.headers["Content-Type"] = "application/manifest+json"
    return response


@blueprint.get("/offline")
@public
def page() -> Response:
    """Stands in for a page that needs the network: says so, and which checklists are on the phone."""
    return render("offline.html", home=url_for("offline.page"))


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
