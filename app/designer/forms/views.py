"""Forms of a draft: the list of fields, the settings of one, the form as it will look, and its JSON."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import forms, web
from app.designer import drafts
from app.designer.access import for_designers
from app.designer.comparing.vocabulary import FIELD_KINDS
from app.designer.forms import editing, queries, settings
from app.errors import Conflict, NotFound
from app.forms.kinds import KINDS
from app.i18n import _, pick

blueprint = for_designers(Blueprint("form_editor", __name__, url_prefix="/designer/drafts/<draft_id>/forms"))
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")


@blueprint.get("")
def index(draft_id: str) -> Response:
    """Every form of the draft, and a new one."""
    return _index(drafts.find(web.db.session(), draft_id), {}, 200)


@blueprint.post("")
@web.writes
def create(draft_id: str) -> BaseResponse:
    """A new form, empty or copied."""
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    name, source = request.form.get("name", "").strip(), request.form.get("from", "")
    if not _NAME.fullmatch(name):
        return _index(draft, {"name": [_("小写字母、数字和“_”，以字母开头")]}, 422)
    if queries.file_of(name) in drafts.files_of(session, draft):
        return _index(draft, {"name": [_("已有同名表单")]}, 422)
    form = queries.taken_from(session, draft, source) if source else None
    title = request.form.get("zh", "").strip(), request.form.get("en", "").strip()
    form = form or {"fields": [editing.new_field("text", {"fields": []})]}
    if all(title) or "title" not in form:
        form = {
            "title": {"zh": title[0] or name, "en": title[1] or name},
            **{k: v for k, v in form.items() if k != "title"},
        }
    try:
        _save(draft, name, form)
    except Conflict as conflict:
        return _index(draft, {"_": [str(conflict.detail)]}, 409)
    return web.see_other(url_for("form_editor.show", draft_id=draft_id, name=name))


@blueprint.get("/<name>")
def show(draft_id: str, name: str) -> Response:
    """The editor; `field` says whose settings stand open, `view=json` shows the file itself."""
    draft, content = _file(draft_id, name)
    form = editing.read(content)
    if form is None or request.args.get("view") == "json":
        return _json_page(draft, name, content.decode("utf-8", "replace"))
    place = request.args.get("field", "")
    return _page(draft, name, form, place if editing.field_at(form, place) else "")


@blueprint.post("/<name>")
@web.writes
def change(draft_id: str, name: str) -> BaseResponse:
    """What a button of the list does: title, add, copy, up, down, to, delete."""
    draft, content = _file(draft_id, name)
    form = editing.read(content)
    if form is None:
        raise NotFound()
    do, _colon, place = request.form.get("_do", "title").partition(":")
    try:
        place = _done(draft, form, do, place)
        _save(draft, name, form)
    except Conflict as conflict:
        return _page(draft, name, editing.read(content) or form, "", conflict=conflict, status=409)
    return web.see_other(
        url_for("form_editor.show", draft_id=draft_id, name=name, field=place or None)
        + ("#fields" if do != "title" else "")
    )


def _done(draft: drafts.Draft, form: editing.Form, do: str, place: str) -> str:
    """The place whose settings stand open afterwards."""
    if do == "title":
        form["title"] = {word: request.form.get(word, "").strip() for word in ("zh", "en")}
    elif do == "add" and request.form.get("kind") in KINDS:
        return editing.insert(form, request.form.get("after", ""), editing.new_field(request.form["kind"], form))
    elif do == "copy":
        reference, _hash, name = request.form.get("field", "").partition("#")
        other = queries.taken_from(web.db.session(), draft, reference)
        spec = next((one for one in (other or {}).get("fields", ()) if one.get("name") == name), None)
        return editing.insert(form, request.form.get("after", ""), spec) if spec else ""
    elif do in ("up", "down"):
        editing.move(form, place, -1 if do == "up" else 1)
    elif do == "to":
        index = request.form.get("index", "")
        last = place.rpartition(".")[2]
        if index.isdecimal() and last.isdecimal() and editing.field_at(form, place):
            editing.move(form, place, int(index[:4]) - int(last))
    elif do == "delete":
        editing.remove(form, place)
    return ""


@blueprint.post("/<name>/fields/<place>")
@web.writes
def save_field(draft_id: str, name: str, place: str) -> BaseResponse:
    """Save the settings of a field. A step (another kind, one more option) only shows the page again."""
    draft, content = _file(draft_id, name)
    form = editing.read(content)
    old = editing.field_at(form, place) if form is not None else None
    if form is None or old is None:
        raise NotFound()
    before = editing.earlier(form, place)
    values = {**settings.values_of(old, before), **_read(old, before, inside="." in place)}
    spec, wrong = settings.spec_of(values, old, before)
    holder, index = editing.siblings(form, place) or (form["fields"], 0)
    holder[index] = spec
    errors = {key: [text] for key, text in wrong.items()}
    errors |= queries.errors_of(queries.faults(name, editing.write(form)), place)
    if request.args.get("_step") or request.form.get("_step"):
        return _page(draft, name, form, place, values=values)
    if errors:
        return _page(draft, name, form, place, values=values, errors=errors, status=422)
    try:
        _save(draft, name, form)
    except Conflict as conflict:
        return _page(draft, name, form, place, values=values, conflict=conflict, status=409)
    return web.see_other(url_for("form_editor.show", draft_id=draft_id, name=name, field=place, saved=1) + "#fields")


@blueprint.post("/<name>/preview")
def preview(draft_id: str, name: str) -> Response:
    """The form as it will look, with what was tried in it; nothing is checked and nothing is kept."""
    _draft, content = _file(draft_id, name)
    form = editing.read(content)
    if form is None or queries.faults(name, content):
        raise NotFound()
    bound = forms.bind(form, forms.read(form, request.form), session=web.db.session(), user=web.current_user())
    return web.render("designer/forms/_preview.html", draft_id=draft_id, name=name, form=bound)


@blueprint.post("/<name>/json")
@web.writes
def save_json(draft_id: str, name: str) -> BaseResponse:
    """Save the file as text. What is wrong is said with its line, and nothing is saved."""
    draft, _content = _file(draft_id, name)
    text = request.form.get("content", "").replace("\r\n", "\n")
    if queries.faults(name, text.encode()):
        return _json_page(draft, name, text, status=422)
    try:
        _store(draft, queries.file_of(name), text.encode())
    except Conflict as conflict:
        return _json_page(draft, name, text, conflict=conflict, status=409)
    return web.see_other(url_for("form_editor.show", draft_id=draft_id, name=name, view="json", saved=1))


@blueprint.post("/<name>/deletion")
@web.writes
def delete(draft_id: str, name: str) -> BaseResponse:
    """Take the form out of the draft."""
    draft, _content = _file(draft_id, name)
    _store(draft, queries.file_of(name), None)
    return web.see_other(url_for("form_editor.index", draft_id=draft_id))


def _rev() -> int:
    given = request.form.get("rev", "")
    return int(given) if given.isdecimal() and len(given) < 10 else -1


def _save(draft: drafts.Draft, name: str, form: editing.Form) -> None:
    _store(draft, queries.file_of(name), editing.write(form))


def _store(draft: drafts.Draft, file: str, content: bytes | None) -> None:
    drafts.save(web.db.session(), draft, _rev(), {file: content}, web.actor(), web.clock().now())


def _file(draft_id: str, name: str) -> tuple[drafts.Draft, bytes]:
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    content = drafts.files_of(session, draft).get(queries.file_of(name))
    if content is None:
        raise NotFound()
    return draft, content


def _read(old: dict[str, Any], before: list[dict[str, Any]], *, inside: bool) -> dict[str, Any]:
    """What the settings' form sent, read by the definition of the kind that was sent."""
    kind = request.form.get(f"{settings.P}kind", old.get("kind"))
    definition = settings.definition({**old, "kind": kind}, before, inside=inside)
    return forms.read(definition, request.form)


def _index(draft: drafts.Draft, errors: dict[str, list[str]], status: int) -> Response:
    session = web.db.session()
    package = drafts.package_of(session, draft)
    listed = []
    for name, content in package.named("forms", queries.SUFFIX).items():
        form = editing.read(content)
        listed.append((name, form, len(queries.faults(name, content))))
    return web.render(
        "designer/forms/index.html",
        status,
        draft=draft,
        listed=listed,
        errors=errors,
        values=request.form,
        copyable=queries.copyable(session, draft),
    )


def _json_page(
    draft: drafts.Draft, name: str, text: str, conflict: Conflict | None = None, status: int = 200
) -> Response:
    return web.render(
        "designer/forms/json.html",
        status,
        draft=draft,
        name=name,
        text=text,
        faults=queries.faults(name, text.encode()),
        conflict=conflict,
        readable=editing.read(text.encode()) is not None,
    )


def _page(
    draft: drafts.Draft,
    name: str,
    form: editing.Form,
    place: str,
    *,
    values: dict[str, Any] | None = None,
    errors: dict[str, list[str]] | None = None,
    conflict: Conflict | None = None,
    status: int = 200,
) -> Response:
    session, user = web.db.session(), web.current_user()
    found = queries.faults(name, editing.write(form))
    spec = editing.field_at(form, place) if place else None
    bound = None
    if spec is not None:
        before = editing.earlier(form, place)
        definition = settings.definition(spec, before, inside="." in place)
        shown = values if values is not None else settings.values_of(spec, before)
        bound = forms.bind(definition, shown, errors, session=session, user=user)
        for one in bound.every:
            one.affects = True  # the form beside it follows every change
    looks = forms.bind(form, {}, session=session, user=user) if not found else None
    return web.render(
        "designer/forms/_field_edit.html" if web.is_partial() and place else "designer/forms/show.html",
        status,
        draft=draft,
        name=name,
        title=form.get("title"),
        listed=queries.listed(form, found),
        faults=found,
        place=place,
        settings=bound,
        preview=looks,
        kinds=FIELD_KINDS,
        conflict=conflict,
        copyable=_fields_to_copy(draft) if not place else [],
    )


def _fields_to_copy(draft: drafts.Draft) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every field of every form that can be copied: (form, fields as `key/form#name`)."""
    session = web.db.session()
    found = []
    for title, listed in queries.copyable(session, draft):
        for reference, form_title in listed:
            form = queries.taken_from(session, draft, reference) or {"fields": []}
            fields = [
                (f"{reference}#{one['name']}", pick(one.get("label")) or one["name"])
                for one in form["fields"]
                if one.get("name")
            ]
            found.append((f"{title}：{form_title}", fields))
    return found


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
