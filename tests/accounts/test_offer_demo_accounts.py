"""The demo city's people on the sign-in page, and never in production."""

from __future__ import annotations

import dataclasses
import re

from flask import Flask
from flask.testing import FlaskClient

from app.accounts import DemoAccount, offer_demo_accounts
from tests.conftest import PASSWORD


def test_one_click_signs_in_as_somebody(app: Flask, anonymous: FlaskClient) -> None:
    assert "演示账户" not in anonymous.get("/login").text
    offer_demo_accounts(app, lambda: [DemoAccount("zhao", PASSWORD, "赵明远", "应急局")])
    page = anonymous.get("/login").text
    assert "演示账户" in page and "赵明远" in page
    form = page[page.index("h-demo") :]
    fields = dict(re.findall(r'name="(username|password)" value="([^"]*)"', form))
    assert anonymous.post("/login", data=fields).status_code == 302
    assert "赵明远" in anonymous.get("/account").text


def test_production_shows_nobody(app: Flask, anonymous: FlaskClient) -> None:
    offer_demo_accounts(app, lambda: [DemoAccount("zhao", PASSWORD, "赵明远", "应急局")])
    settings = app.extensions["duban.settings"]
    app.extensions["duban.settings"] = dataclasses.replace(settings, production=True, testing=False)
    try:
        page = anonymous.get("/login").text
    finally:
        app.extensions["duban.settings"] = settings
    assert "演示账户" not in page and PASSWORD not in page
