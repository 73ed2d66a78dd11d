"""`?page=` as a person may type it: what is no page of a list shows the list all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

LISTS = {
    "/tasks": "zhao",
    "/hazards": "zhao",
    "/hazards/import": "wang",
    "/notifications": "zhao",
    "/subjects": "zhao",
    "/admin/users": "root",
    "/console/instances": "root",
    "/console/timers": "root",
    "/console/incidents": "root",
    "/console/jobs": "root",
}


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "0", "x", "１"])
@pytest.mark.parametrize("path", LISTS)
def test_a_page_that_no_list_has_is_no_fault(sign_in: Callable[[str], FlaskClient], path: str, number: str) -> None:
    assert sign_in(LISTS[path]).get(path, query_string={"page": number}).status_code == 200
