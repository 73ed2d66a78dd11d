"""Supervised subjects (监管对象): enterprises, projects, vessels and whatever else is inspected."""

from __future__ import annotations

from flask import Flask

from app.subjects.drawing import draw, drawing_order, new_seed, place_of
from app.subjects.export import csv_cell, csv_file, xlsx_file
from app.subjects.facts import fishery
from app.subjects.models import ID_TYPES, STATUSES, TYPES, Subject
from app.subjects.names import code_key, is_credit_code, name_key, sound, tidy
from app.subjects.operations import create, update
from app.subjects.queries import find, get, match
from app.subjects.schemas import SubjectIn, SubjectOut, credit_code_problem

__all__ = [
    "ID_TYPES",
    "STATUSES",
    "TYPES",
    "Subject",
    "SubjectIn",
    "SubjectOut",
    "code_key",
    "create",
    "credit_code_problem",
    "csv_cell",
    "csv_file",
    "draw",
    "drawing_order",
    "find",
    "fishery",
    "get",
    "init_app",
    "is_credit_code",
    "match",
    "name_key",
    "new_seed",
    "place_of",
    "sound",
    "tidy",
    "update",
    "xlsx_file",
]


def init_app(app: Flask) -> None:
    from app.forms import Picker, pickers
    from app.subjects import api, facts, queries, views

    pickers["subject"] = Picker(queries.options, queries.name_of, queries.may_pick)
    app.register_blueprint(views.blueprint)
    views.register_menu()
    api.init_app(app)
    facts.register_sources()
