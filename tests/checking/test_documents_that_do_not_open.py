"""The XML front door, for diagrams and decisions alike."""

from __future__ import annotations

import pytest

from app.engine.packages.front_door import MAX_BYTES, XMLRefused, open_xml
from app.engine.packages.package import package_from_files
from tests.checking.packages import (
    MANIFEST,
    chain,
    decision,
    diagram,
    end,
    only,
    package,
    problems,
    rule,
    simple,
    start,
)
from tests.checking.packages import user as step

GOOD = diagram(simple(step("step")))
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><lolz>&c;</lolz>'
)
REFUSED: dict[str, tuple[str, bytes]] = {
    "an entity bomb": ("xml_doctype", BOMB.encode()),
    "an entity declaration": ("xml_entity", BOMB.encode()),
    "an external entity": (
        "xml_doctype",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    ),
    "a document type in small letters": ("xml_doctype", b"<!doctype html><html/>"),
    "20 MB": ("xml_size", GOOD.encode() + b" " * (20 * 1024 * 1024)),
    "one byte too many": ("xml_size", b"<a>" + b" " * (MAX_BYTES - 6) + b"</a>"),
    "a NUL byte": ("xml_nul", GOOD.replace("办理", "办\0理").encode()),
    "UTF-16": ("xml_encoding", GOOD.replace("UTF-8", "UTF-16").encode("utf-16")),
    "UTF-16 without a mark": ("xml_encoding", GOOD.encode("utf-16-le")),
    "UTF-32": ("xml_encoding", GOOD.encode("utf-32")),
    "a declared UTF-7": ("xml_encoding", b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-'),
    "a declared GB18030": ("xml_encoding", GOOD.replace("UTF-8", "GB18030").encode("gb18030")),
    "GB18030 that says UTF-8": ("xml_encoding", GOOD.encode("gb18030")),
    "an image": ("xml_encoding", b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256))),
    "an empty file": ("xml_malformed", b""),
    "spaces": ("xml_malformed", b" \n "),
    "JSON": ("xml_malformed", b'{"a": 1}'),
    "an unclosed element": ("xml_malformed", GOOD.replace("</bpmn:definitions>", "").encode()),
    "an undeclared entity": ("xml_malformed", b"<a>&nothing;</a>"),
    "61 levels": ("xml_depth", b"<a>" * 61 + b"</a>" * 61),
    "300 levels": ("xml_depth", b"<a>" * 300 + b"</a>" * 300),
    "a hundred thousand levels": ("xml_depth", b"<a>" * 100_000 + b"</a>" * 100_000),
    "50,001 elements": ("xml_elements", b"<a>" + b"<b/>" * 50_001 + b"</a>"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_diagram_is_refused_with_the_reason_in_both_languages(what: str) -> None:
    code, content = REFUSED[what]
    problem = only(problems(package(xml=content)), code)
    assert problem.file == "process.bpmn" and problem.severity == "error"


@pytest.mark.parametrize("what", REFUSED)
def test_a_decision_is_refused_with_the_reason_in_both_languages(what: str) -> None:
    code, content = REFUSED[what]
    problem = only(problems(package(files={"decisions/grading.dmn": content})), code)
    assert problem.file == "decisions/grading.dmn"


def test_all_that_bytes_can_tell_is_told_at_once() -> None:
    content = b'<?xml version="1.0" encoding="latin-1"?>\n<!DOCTYPE a [<!ENTITY b "c">]><a>\xff</a>'
    with pytest.raises(XMLRefused) as refused:
        open_xml(content)
    assert {fault.code for fault in refused.value.faults} == {"xml_encoding", "xml_doctype", "xml_entity"}
    assert {fault.line for fault in refused.value.faults} == {1, 2}


def test_a_malformed_diagram_is_named_with_its_line() -> None:
    problem = only(problems(package(xml=GOOD.replace('id="begin">', 'id="begin>'))), "xml_malformed")
    assert problem.line == 4


def test_sixty_levels_and_fifty_thousand_elements_may_be() -> None:
    assert open_xml(b"<a>" * 60 + b"</a>" * 60) is not None
    assert open_xml(b"<a>" + b"<b/>" * 49_999 + b"</a>") is not None


def test_a_byte_order_mark_of_utf_8_may_be() -> None:
    assert problems(package(xml=b"\xef\xbb\xbf" + GOOD.encode())) == []


def test_more_than_400_flow_nodes_are_refused() -> None:
    ids = [f"step{number}" for number in range(400)]
    body = start() + "".join(step(id) for id in ids) + end() + chain("begin", *ids, "finish")
    only(problems(body), "xml_nodes")


@pytest.mark.parametrize(
    ("id", "shown"), [("1st", "1st"), ("办理", "办理"), ("a b", "a b"), ("a" * 121, "a" * 80), ("a/b", "a/b")]
)
def test_an_id_that_is_no_id_is_named(id: str, shown: str) -> None:
    found = problems(package(xml=GOOD.replace('userTask id="step"', f'userTask id="{id}"')))
    assert only(found, "id_pattern", shown).line == 5


def test_a_duplicate_id_is_named_with_both_lines() -> None:
    problem = only(problems(package(xml=GOOD.replace('id="finish"', 'id="step"'))), "id_duplicate", "step")
    assert problem.line == 6 and "5" in problem.zh and "5" in problem.en


def test_a_duplicate_id_in_a_decision_is_named() -> None:
    body = simple(rule("step", "grading"))
    found = problems(body, files={"decisions/grading.dmn": decision().replace('id="row1"', 'id="row0"')})
    assert only(found, "id_duplicate", "row0").file == "decisions/grading.dmn"


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        ('sourceRef="step"', 'sourceRef="nobody"', "step_finish"),
        ('targetRef="finish"', 'targetRef="nobody"', "step_finish"),
        ('targetRef="finish"', 'targetRef="sample"', "step_finish"),
        ('bpmnElement="step"', 'bpmnElement="nobody"', None),
        ("<bpmn:userTask id", '<bpmn:boundaryEvent id="late" attachedToRef="nobody"/><bpmn:userTask id', "late"),
        ("</bpmn:process>", '<bpmn:association id="line" sourceRef="step" targetRef="x"/></bpmn:process>', "line"),
    ],
)
def test_a_reference_to_nothing_is_named(old: str, new: str, element: str | None) -> None:
    found = problems(package(xml=GOOD.replace(old, new, 1)))
    assert any(p.code == "reference_dangling" and (element is None or p.element_id == element) for p in found)


def test_a_missing_error_is_named_at_its_event() -> None:
    xml = GOOD.replace(
        '<bpmn:endEvent id="finish">', '<bpmn:endEvent id="finish"><bpmn:errorEventDefinition errorRef="lost"/>'
    )
    assert "lost" in only(problems(package(xml=xml)), "reference_dangling", "finish").en


def test_another_kind_of_document_is_named() -> None:
    only(problems(package(xml="<html/>")), "not_bpmn")
    only(problems(package(files={"decisions/grading.dmn": "<html/>"})), "not_dmn")


def test_what_the_standards_schema_refuses_is_named_with_its_line() -> None:
    xml = GOOD.replace("<bpmn:startEvent", "<bpmn:text>loose</bpmn:text>\n<bpmn:startEvent")
    assert only(problems(package(xml=xml)), "schema").line == 4


def test_every_file_of_a_package_has_its_place() -> None:
    found = problems(
        package_from_files("sample", {"forms/Register.json": "{}", "notes.txt": "", "process.toml": MANIFEST})
    )
    assert {p.file for p in found if p.code == "file_unknown"} == {"forms/Register.json", "notes.txt"}
    assert only(found, "file_missing").file == "process.bpmn"


def test_a_form_of_more_than_two_megabytes_is_named() -> None:
    only(problems(package(files={"forms/big.json": " " * (MAX_BYTES + 1)})), "file_size")


def test_a_folder_name_that_is_no_key_is_named() -> None:
    only(problems(package(key="Sample-1")), "key_pattern")
