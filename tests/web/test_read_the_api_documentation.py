"""OpenAPI: complete, valid in itself, readable under the content security policy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient


@pytest.fixture
def spec(anonymous: FlaskClient) -> dict[str, Any]:
    answer = anonymous.get("/api/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json  # type: ignore[assignment]
    return document


def test_every_address_of_the_api_is_described(app: Flask, spec: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/"):
            path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
            assert path in spec["paths"], rule.rule
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert method.lower() in spec["paths"][path], f"{method} {path}"


def test_every_operation_says_what_it_does_and_what_it_answers(spec: dict[str, Any]) -> None:
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                assert operation.get("summary") or operation.get("description"), f"{method} {path}"
                assert any(status.startswith("2") for status in operation["responses"]), f"{method} {path}"


def test_every_reference_leads_somewhere(spec: dict[str, Any]) -> None:
    text = str(spec)
    for name in re.findall(r"#/components/([\w/-]+)", text):
        kind, key = name.split("/")
        assert key in spec["components"][kind], name


def test_it_says_how_to_authenticate(spec: dict[str, Any]) -> None:
    assert spec["openapi"].startswith("3.")
    schemes = spec["components"]["securitySchemes"]
    assert schemes["token"] == {"type": "http", "scheme": "bearer", "description": schemes["token"]["description"]}
    assert {"token": []} in spec["security"]


def test_the_page_loads_its_script_from_here(anonymous: FlaskClient) -> None:
    page = anonymous.get("/api/docs")
    assert page.status_code == 200
    assert 'data-spec="/api/openapi.json"' in page.text
    assert all(src.startswith("/static/") for src in re.findall(r'<script[^>]*src="([^"]+)"', page.text))
