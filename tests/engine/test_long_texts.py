"""Texts that are longer than their columns: cut where they are only shown, refused where somebody would miss them."""

from __future__ import annotations

from typing import Any

import pytest

from app import errors
from app.audit import SYSTEM
from tests.engine import diagrams as d
from tests.engine.conftest import World

FORM = '{"title": {"zh": "表", "en": "F"}, "fields": [{"name": "a", "kind": "text", "label": {"zh": "甲", "en": "A"}}]}'


def test_a_long_name_of_a_step_is_cut_in_the_inbox(world: World) -> None:
    world.deploy(d.package("case", d.user("act", name="很长的名称" * 60, name_en="long " * 60), d.end()))
    task = world.task(world.start("case"), "act")
    assert task.name_zh == ("很长的名称" * 60)[:200] and len(task.name_en) == 200


def test_a_long_title_subject_or_fact_is_cut(world: World) -> None:
    manifest = 'instance_title = "t"\nfacts = { f = "t" }\n[subject]\nkind = "hazard"\nid = "t"\n'
    world.deploy(d.package("case", d.user("act"), d.end(), manifest=manifest))
    instance = world.instance(world.start("case", {"t": "长" * 1000}, as_form=False))
    assert (instance.title, instance.subject_id) == ("长" * 300, "长" * 32)


def test_a_business_key_that_is_too_long_is_refused(world: World) -> None:
    world.deploy(d.package("case", d.user("act"), d.end()))
    with pytest.raises(errors.Invalid) as refused:
        world.start("case", business_key="k" * 121)
    assert set(refused.value.errors) == {"business_key"}
    world.start("case", business_key="k" * 120)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("manifest_subject", {"manifest": f'[subject]\nkind = "{"k" * 41}"\nid = "t"\n'}),
        ("file_unknown", {"files": {f"forms/{'f' * 81}.json": FORM}}),
    ],
)
def test_a_long_name_that_is_looked_up_is_refused_at_the_check(world: World, code: str, more: dict[str, Any]) -> None:
    with pytest.raises(errors.Invalid) as refused:
        world.engine.deploy(d.package("case", d.user("act"), d.end(), **more), by=SYSTEM)
    assert code in {problem.code for problem in refused.value.problems}


def test_a_nul_in_an_answer_does_not_stop_the_process(world: World) -> None:
    world.deploy(d.package("case", d.user("act"), d.end(), manifest='instance_title = "t"\n'))
    instance = world.start("case", {"t": "甲\0乙"}, as_form=False)
    world.complete(instance, "act")
    assert world.instance(instance).status == "ended"
    with world.sessions() as session:
        assert world.engine.verify(session, instance) is None
