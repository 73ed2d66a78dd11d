"""What every view needs and no domain: transactions, the acting person, pages and fragments, problems, registries."""

from app.web.access import actor, current_user, locale_of, signed_in
from app.web.api import ApiPage, api, blueprint, page_headers
from app.web.database import db
from app.web.idempotency import IdempotencyKey, foretelling, sweep_idempotency
from app.web.paging import Page, page_number, paginate
from app.web.registry import MenuGroup, MenuItem, cards, event_words, menu, starters, unsent_answers
from app.web.rendering import is_partial, render, see_other
from app.web.runtime import clock, engine, settings
from app.web.sessions import WebSession
from app.web.setup import init_app
from app.web.transactions import refresh, writes

__all__ = [
    "ApiPage",
    "IdempotencyKey",
    "MenuGroup",
    "MenuItem",
    "Page",
    "WebSession",
    "actor",
    "api",
    "blueprint",
    "cards",
    "clock",
    "current_user",
    "db",
    "engine",
    "event_words",
    "foretelling",
    "init_app",
    "is_partial",
    "locale_of",
    "menu",
    "page_headers",
    "page_number",
    "paginate",
    "refresh",
    "render",
    "see_other",
    "settings",
    "signed_in",
    "starters",
    "sweep_idempotency",
    "unsent_answers",
    "writes",
]
