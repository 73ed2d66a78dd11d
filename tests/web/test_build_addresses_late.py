"""A route compiles what builds its addresses when one is asked for, and builds the same ones as Werkzeug's own."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Map, Rule

from app.web.routes import LateRule

RULES = ("/", "/hazards/<id>", "/hazards/<int:year>/<path:rest>", "/files/<uuid:key>.pdf")
ASKED = (
    ("r0", {}), ("r0", {"page": 2, "q": "隐患 &"}), ("r1", {"id": "A/甲"}), ("r1", {"id": "7", "tab": "log"}),
    ("r2", {"year": 2026, "rest": "a/b c"}), ("r3", {"key": "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "t": "1"}),
)  # fmt: skip


def addresses(kind: type[Rule]) -> list[str]:
    made = Map([kind(rule, endpoint=f"r{number}") for number, rule in enumerate(RULES)]).bind("localhost")
    return [made.build(endpoint, values) for endpoint, values in ASKED for _twice in range(2)]


def test_the_addresses_are_the_same() -> None:
    assert addresses(LateRule) == addresses(Rule)


def test_every_route_of_the_application_is_such_a_one_but_for_the_static_files(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules() if type(rule) is not LateRule} == {"static"}


def test_nothing_is_compiled_before_an_address_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    whole = Rule._compile_builder

    def told(rule: Rule, append_unknown: bool = True) -> object:
        compiled.append(rule.rule)
        return whole(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", told)
    made = Map([LateRule("/a/<x>", endpoint="a"), LateRule("/b", endpoint="b")]).bind("localhost")
    assert made.match("/b") == ("b", {})
    assert compiled == []
    assert made.build("a", {"x": "1"}) == "/a/1"
    assert compiled == ["/a/<x>"]
