"""What the pages share: a submitted form through its schema, and operations by whoever is signed in."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import request, url_for

from app import web
from app.accounts.operations import People
from app.accounts.organisations import Organisations
from app.accounts.schemas import Form, form_values
from app.errors import Invalid


def submitted(schema: Form, *lists: str) -> dict[str, Any]:
    """The validated form; Invalid names every wrong field."""
    try:
        data: dict[str, Any] = schema.load(form_values(request.form, lists))
    except ma.ValidationError as wrong:
        raise Invalid(wrong.normalized_messages()) from wrong
    return data


def people() -> People:
    return People(web.db.session(), web.actor(), web.clock().now())


def organisations() -> Organisations:
    return Organisations(web.db.session(), web.actor(), web.clock().now())


def page_number() -> int:
    return web.page_number()


def neighbours(page: web.Page[Any]) -> dict[str, Any]:
    """The URLs of the pages before and after this one under the same filters; empty at the ends."""
    filters = {key: value for key, value in request.args.items() if value and key != "page"}

    def at(number: int) -> str:
        if not 1 <= number <= page.pages:
            return ""
        return url_for(str(request.endpoint), page=number, **filters)  # type: ignore[arg-type]

    return {"prev_url": at(page.number - 1), "next_url": at(page.number + 1)}
