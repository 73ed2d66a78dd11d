"""The shell: menu by role, the phone's bar, keys, health, icons, the site's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config import ROOT, load_settings
from app.web.registry import Menu, MenuGroup, MenuItem, for_the_bar

SignIn = Callable[[str], FlaskClient]


@pytest.mark.parametrize(
    ("key", "shown", "hidden"),
    [
        ("zhao", {"/subjects"}, {"/admin/users", "/admin/audit", "/admin/calendar"}),
        (
            "root",
            {"/admin/users", "/admin/organisations", "/admin/sectors", "/admin/calendar"},
            {"/subjects", "/admin/audit"},
        ),
        ("shen", {"/admin/users", "/admin/organisations"}, {"/admin/sectors", "/subjects"}),
        ("cha", {"/admin/audit"}, {"/admin/users", "/subjects"}),
        ("gao", {"/admin/users", "/subjects"}, {"/admin/organisations"}),
        ("wang", {"/admin/calendar", "/subjects"}, {"/admin/users"}),
    ],
)
def test_the_menu_shows_what_the_person_may_open(sign_in: SignIn, key: str, shown: set[str], hidden: set[str]) -> None:
    browser = sign_in(key)
    links = set(re.findall(r'<a class="db-nav" href="([^"]+)"', browser.get("/account").text))
    assert shown <= links and not hidden & links
    for path in links:
        assert browser.get(path).status_code in (200, 302, 303), path


def test_the_current_page_is_marked_for_everybody(sign_in: SignIn) -> None:
    page = sign_in("root").get("/admin/organisations").text
    marked = re.findall(r'<a class="db-nav" href="([^"]+)" title="[^"]*" aria-current="page"', page)
    assert set(marked) == {"/admin/organisations"}


def test_groups_are_objects_and_the_bar_prefers_what_is_for_the_phone(app: Flask) -> None:
    menu = Menu()
    for position, (name, phone) in enumerate(
        [("web.keys", False), ("web.api_docs", False), ("accounts.account", True)]
    ):
        menu.add(MenuItem("business", position, name, name, icon="x", phone=phone, count=lambda user: 7))
    with app.test_request_context("/"):
        groups = menu.groups(SimpleNamespace())
    assert isinstance(groups[0], MenuGroup) and groups[0].title == "业务"
    assert [entry.label for entry in for_the_bar(groups)] == ["accounts.account", "web.keys", "web.api_docs"]
    assert groups[0].items[0].count == 7


def test_an_unknown_group_stops_the_start() -> None:
    with pytest.raises(ValueError, match="unknown menu group"):
        Menu().add(MenuItem("nonsense", 1, "x.y", "X", icon="x"))


def test_the_keys_are_listed_on_a_page_of_their_own(anonymous: FlaskClient) -> None:
    page = anonymous.get("/help/keys").text
    assert page.count("<kbd") >= 10


def test_health_answers_without_sign_in(anonymous: FlaskClient) -> None:
    answer = anonymous.get("/healthz")
    assert answer.status_code == 200 and answer.json["status"] == "ok"


def test_the_offices_own_name_stands_on_every_page(tmp_path) -> None:  # type: ignore[no-untyped-def]
    home = {"DUBAN_HOME": str(tmp_path)}
    assert load_settings(home).site_name == "望海市安委办"
    renamed = load_settings(home | {"DUBAN_SITE_NAME": "临海市安委办"})
    assert renamed.site_name == "临海市安委办" and renamed.site_name_en == ""


def test_every_icon_that_a_page_draws_is_in_the_sprite(
    sign_in: SignIn, anonymous: FlaskClient, static_files: Path
) -> None:
    sprites = list(static_files.glob("icons-*.svg"))
    assert len(sprites) == 1
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprites[0].read_text()))
    pages = [anonymous.get("/login"), sign_in("zhao").get("/account"), sign_in("zhao").get("/subjects/new")]
    pages += [
        sign_in("root").get(path) for path in ("/admin/users", "/admin/calendar", "/notifications", "/admin/regions")
    ]
    used = {name for page in pages for name in re.findall(r'icons-[^"#]*\.svg#([a-z0-9-]+)', page.text)}
    assert len(used) > 15 and used <= drawn, used - drawn


CALLED = re.compile(r"""\b(?:ic|icon)(?:\(|=|:\s*)\s*["']([a-z0-9-]+)["']""")


def test_every_icon_named_in_a_template_or_in_python_is_in_the_sprite(static_files: Path) -> None:
    sprite = next(static_files.glob("icons-*.svg")).read_text()
    sources = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("app/**/*.py"), *ROOT.glob("static/js/*.js")]
    for path in sources:
        for name in CALLED.findall(path.read_text(encoding="utf-8")):
            assert f'id="{name}"' in sprite, f"{path.relative_to(ROOT)}: {name}"


def test_every_template_that_is_named_exists() -> None:
    named = re.compile(r"""["']([a-z_/]+\.html)["']""")
    for path in [*ROOT.glob("app/**/*.py"), *ROOT.glob("templates/**/*.html")]:
        for name in named.findall(path.read_text(encoding="utf-8")):
            assert (ROOT / "templates" / name).exists(), f"{path.relative_to(ROOT)} names {name}"
