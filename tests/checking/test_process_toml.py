"""The manifest: keys, shapes, titles, roles."""

from __future__ import annotations

import pytest

from tests.checking.packages import MANIFEST, only, problems

FULL = (
    MANIFEST
    + 'description = { zh = "说明", en = "About" }\ninputs = ["origin"]\ninstance_title = "summary + origin"\n'
    + 'business_key = "summary"\non_cancel = "sample.void"\n[subject]\nkind = "hazard"\nid = "summary"\n'
    + '[scope]\nregion = "origin"\nsupervising = "starter.org_id"\n[facts]\nsize = "amount"\n'
)


def test_a_full_manifest_passes() -> None:
    assert problems(manifest=FULL) == []


BROKEN: dict[str, tuple[str, str, str | None]] = {  # the manifest, code, element
    "no TOML": ("key = ", "manifest_malformed", None),
    "not UTF-8": ("", "manifest_key", "key"),
    "another key": (MANIFEST.replace('"sample"', '"other"'), "manifest_key", "key"),
    "an unknown key": (MANIFEST + 'starter = "x"\n', "manifest_unknown", "starter"),
    "an unknown key of a table": (MANIFEST + '[scope]\ntown = "x"\n', "manifest_unknown", "scope.town"),
    "a number for a text": (MANIFEST + "instance_title = 3\n", "manifest_type", "instance_title"),
    "a text for a list": (MANIFEST.replace('["dept_staff"]', '"dept_staff"'), "manifest_type", "starters"),
    "a text for a table": (MANIFEST + 'facts = "x"\n', "manifest_type", "facts"),
    "no English title": (MANIFEST.replace(', en = "Sample"', ""), "manifest_title", "title"),
    "no Chinese title": (MANIFEST.replace('zh = "样例", ', ""), "manifest_title", "title"),
    "no title": (MANIFEST.replace('title = { zh = "样例", en = "Sample" }\n', "title = {}\n").replace("title = {}", 'title = { zh = "a" }'), "manifest_title", "title"),
    "a title too long": (MANIFEST.replace("Sample", "S" * 201), "manifest_title", "title"),
    "half a description": (MANIFEST + 'description = { zh = "说明" }\n', "manifest_title", "description"),
    "no starters": (MANIFEST.replace('starters = ["dept_staff"]\n', ""), "manifest_starters", "starters"),
    "an unknown role": (MANIFEST.replace("dept_staff", "dept_stuff"), "role_unknown", "starters"),
    "half a subject": (MANIFEST + '[subject]\nkind = "hazard"\n', "manifest_subject", "subject"),
    "a fact that is no name": (MANIFEST + '[facts]\n"a b" = "amount"\n', "manifest_fact", "facts.a b"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_it_is_named_at_its_key(what: str) -> None:
    manifest, code, element = BROKEN[what]
    problem = only(problems(manifest=manifest), code, element)
    assert problem.file == "process.toml" and problem.severity == "error"


def test_a_manifest_that_is_missing_is_named() -> None:
    assert only(problems(manifest=None), "file_missing").file == "process.toml"


def test_a_key_that_was_nearly_meant_is_offered() -> None:
    problem = only(problems(manifest=MANIFEST + 'instance_titel = "x"\n'), "manifest_unknown")
    assert problem.fix == ("是否为 instance_title？", "Is it instance_title?")


def test_the_title_in_both_languages_is_missing_twice() -> None:
    found = problems(manifest=MANIFEST.replace('title = { zh = "样例", en = "Sample" }\n', ""))
    assert len([p for p in found if p.code == "manifest_title"]) == 2
