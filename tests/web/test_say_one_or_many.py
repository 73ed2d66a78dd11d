"""A number in a message: Chinese has one form, English says one task and two tasks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.i18n import CHINESE, ENGLISH, _, filled, lazy_, set_locale

TEXT = "%(n)s open %(n|task is|tasks are)s left"


@pytest.fixture(autouse=True)
def chinese_afterwards() -> Iterator[None]:
    yield
    set_locale(CHINESE)


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1 open task is left"),
        ("1", "1 open task is left"),
        (0, "0 open tasks are left"),
        (21, "21 open tasks are left"),
        ("99+", "99+ open tasks are left"),
    ],
)
def test_the_form_goes_by_the_number(n: object, said: str) -> None:
    assert filled(TEXT, {"n": n}) == said


def test_a_value_that_is_not_given_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(KeyError):
        filled(TEXT, {"count": 1})
    with pytest.raises(KeyError):
        filled("%(n|one)s", {"n": 1})


def test_a_message_says_it_in_english_and_as_ever_in_chinese() -> None:
    message = lazy_("登记隐患 %(n)s 项", n=1)
    assert str(message) == "登记隐患 1 项"
    set_locale(ENGLISH)
    assert str(message) == "1 hazard registered"
    assert _("登记隐患 %(n)s 项", n=2) == "2 hazards registered"
