"""Processes under /api/v1: look, check, deploy a draft, publish with a second person."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, request

from app import web
from app.accounts import requires
from app.console import access, queries
from app.console import schemas as s
from app.engine import Definition, Package, package_from_files
from app.errors import Invalid
from app.i18n import _

blp = web.blueprint("definitions", description="Processes: versions, check, deployment, publication")
MOST_FILES = 200


@blp.route("/definitions")
@blp.arguments(web.ApiPage, location="query")
@blp.response(200, s.DefinitionOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """Every process by the version in force."""
    page = web.paginate(queries.definitions(web.current_user()), query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/definitions/<key>")
@blp.response(200, s.DefinitionVersions)
def show(key: str) -> Response:
    """The version in force, with all versions."""
    session, user = web.db.session(), web.current_user()
    in_force = s.DefinitionOut().dump(queries.definition(session, key, None, user))
    versions = s.DefinitionOut(many=True).dump(queries.versions(session, key, user))
    return jsonify({**in_force, "versions": versions})


@blp.route("/definitions/<key>/versions/<int:version>")
@blp.response(200, s.DefinitionDetail)
def show_version(key: str, version: int) -> Definition:
    """One version with its files."""
    return queries.definition(web.db.session(), key, version, web.current_user())


def _sent() -> Package:
    """The package in the request: JSON {key, files}, or multipart with a field `key` and the files by their names."""
    if request.mimetype == "multipart/form-data":
        files = {name: upload.read() for name, upload in request.files.items()}
        given: dict[str, Any] = {"key": request.form.get("key", ""), "files": dict.fromkeys(files, "")}
        key = _loaded(given)["key"]
        return package_from_files(key, files)
    payload = _loaded(request.get_json(silent=True))
    return package_from_files(payload["key"], payload["files"])


def _loaded(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Invalid({"files": [_("请提供 key 和 files")]})
    payload = dict(s.PackageIn().load(given))
    if not payload["files"] or len(payload["files"]) > MOST_FILES:
        raise Invalid({"files": [_("文件数应在 1 到 %(n)s 之间", n=MOST_FILES)]})
    if wrong := [name for name in payload["files"] if not _safe(name)]:
        raise Invalid({"files": [_("文件名不可用：%(name)s", name=wrong[0][:80])]})
    return payload


def _safe(name: str) -> bool:
    """A path inside the folder: no way out, nothing hidden."""
    parts = name.split("/")
    return (
        bool(name)
        and len(name) <= 200
        and all(part and not part.startswith(".") for part in parts)
        and "\\" not in name
    )


@blp.route("/definitions/checks", methods=["POST"])
@blp.doc(requestBody={"content": {"application/json": {"schema": s.PackageIn}}})
@blp.response(200, s.ProblemsOut)
@requires(*access.PUBLISHERS)
def check() -> dict[str, Any]:
    """Every problem of a package at once; nothing is stored."""
    package = _sent()
    known = web.engine().neighbours(web.db.session())
    earlier = web.engine().last_in_force(web.db.session(), package.key)
    problems = web.engine().check(package, known, earlier)
    return {"problems": [problem.as_dict() for problem in problems]}


@blp.route("/definitions", methods=["POST"])
@blp.doc(requestBody={"content": {"application/json": {"schema": s.PackageIn}}})
@blp.response(201, s.DefinitionOut)
@requires("admin")
def deploy() -> Definition:
    """Store a package as a draft version; what is stored already is found again. 422 names every problem."""
    package = _sent()
    web.refresh()
    return web.engine().deploy(package, by=web.actor(), publish=False, lawful=True)


@blp.route("/definitions/<key>/versions/<int:version>/publication", methods=["POST"])
@blp.response(200, s.DefinitionOut)
@requires("security_admin")
def publish(key: str, version: int) -> Definition:
    """Make a version the one that new instances get. Who deployed it cannot publish it."""
    queries.definition(web.db.session(), key, version, web.current_user())
    web.refresh()
    return web.engine().publish(key, version, by=web.actor(), lawful=True)


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
