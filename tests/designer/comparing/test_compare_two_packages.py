"""Two versions of a process in words: what was changed, and never anything that differs and is not said."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from app.config import ROOT
from app.designer.comparing import Office, Wording, compare
from app.designer.comparing.renaming import renaming
from app.engine import Package, load_folder
from app.i18n import CHINESE, ENGLISH, set_locale

SHIPPED = sorted(path.parent for path in (ROOT / "bpmn").glob("*/process.toml"))
OFFICE = Office(
    {
        "office_3d": ("内部办理 3 个工作日", "Internal step, 3 work days", 3, "work_days"),
        "receipt_24h": ("文书签收", "Acknowledge receipt of a document", 24, "hours"),
    },
    {"referral": ("督办交办", "Referral")},
)
DI = "http://www.omg.org/spec/BPMN/20100524/DI"


@pytest.fixture(autouse=True)
def chinese() -> None:
    set_locale(CHINESE)


@pytest.fixture(scope="module")
def hazard() -> Package:
    return load_folder(ROOT / "bpmn" / "hazard_rectification")


def edited(package: Package, file: str, *changes: tuple[str, str]) -> Package:
    text = package.files[file].decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return Package(package.key, {**package.files, file: text.encode()})


def sentences(old: Package, new: Package) -> list[str]:
    comparison = compare(old, new)
    wording = Wording(comparison, OFFICE)
    return [wording.sentence(one) for one in comparison.differences]


def test_a_step_under_another_id_is_the_same_step(hazard: Package) -> None:
    """By type, name and neighbours; with another name as well it is another step."""
    diagram = renaming(hazard.diagram, {"review": "check_again"})
    said = sentences(hazard, Package(hazard.key, {**hazard.files, "process.bpmn": diagram}))
    assert [one for one in said if "删除" in one or "新增" in one] == []
    assert sum("编号由 review 改为 check_again" in one for one in said) == 1
    other = diagram.replace('id="check_again" name="整改复查"'.encode(), 'id="check_again" name="另一个步骤"'.encode())
    said = sentences(hazard, Package(hazard.key, {**hazard.files, "process.bpmn": other}))
    assert any("删除" in one for one in said) and any("新增" in one for one in said)


def of_node(package: Package, node: str) -> str:
    """The text of a node in the file."""
    text = package.diagram.decode()
    start = text.index(f'<bpmn:userTask id="{node}"')
    return text[start : text.index("</bpmn:userTask>", start)]


def test_a_limit_that_changes_is_said_in_office_words(hazard: Package) -> None:
    five = edited(hazard, "process.bpmn", ('value="office_3d"', 'value="work_days(5)"'))
    three = edited(hazard, "process.bpmn", ('value="office_3d"', 'value="work_days(3)"'))
    assert sentences(five, three) == ["销号：办理时限 由 5 个工作日 改为 3 个工作日"]
    assert sentences(hazard, five) == ["销号：办理时限 由 内部办理 3 个工作日 改为 5 个工作日"]
    set_locale(ENGLISH)
    assert sentences(five, three) == ["Close out: Time limit from 5 work days to 3 work days"]


def test_the_words_of_a_step_are_each_said(hazard: Package) -> None:
    step = of_node(hazard, "close")
    changed = step.replace("</spiffworkflow:properties>", WORDS + "</spiffworkflow:properties>", 1)
    said = sentences(hazard, edited(hazard, "process.bpmn", (step, changed)))
    assert [line.partition("：")[2] for line in said] == [
        "增加岗位：部门人员",
        "增加抄送：安委办人员、镇街人员（town_org_id）",
        "增加办理方式：票签",
        "增加通过比例：2/3",
        "增加超期升级：之后 3 个工作日 发起 督办交办",
    ]


WORDS = "".join(
    f'<spiffworkflow:property name="{name}" value="{value}"/>'
    for name, value in (
        ("role", "dept_staff"),
        ("cc", "coordinator; town_staff@town_org_id"),
        ("policy", "ratio"),
        ("ratio", "2/3"),
        ("ladder", "+3 work_days: referral"),
    )
)


def test_a_step_that_moves_to_another_lane_is_said(hazard: Package) -> None:
    ref = "        <bpmn:flowNodeRef>close</bpmn:flowNodeRef>\n"
    moved = edited(hazard, "process.bpmn", (ref, ""))
    moved = edited(moved, "process.bpmn", ("        <bpmn:flowNodeRef>receive</bpmn:flowNodeRef>\n", ref * 2))
    moved = edited(moved, "process.bpmn", (ref * 2, ref + "<bpmn:flowNodeRef>receive</bpmn:flowNodeRef>"))
    assert sentences(hazard, moved) == ["销号：泳道 由 监管部门 改为 责任单位"]


def test_a_new_step_is_said_with_its_words_and_a_removed_flow_by_its_ends(hazard: Package) -> None:
    task = (
        '<bpmn:userTask id="sign" name="消防会签"><bpmn:extensionElements><spiffworkflow:properties>'
        '<spiffworkflow:property name="deadline" value="receipt_24h"/></spiffworkflow:properties>'
        "</bpmn:extensionElements></bpmn:userTask></bpmn:process>"
    )
    new = edited(hazard, "process.bpmn", ("</bpmn:process>", task))
    assert sentences(hazard, new) == ["消防会签：新增人工步骤（办理时限 文书签收（24 小时））"]
    assert sentences(new, hazard) == ["消防会签：删除人工步骤（办理时限 文书签收（24 小时））"]
    flow = next(iter(etree.fromstring(hazard.diagram).iter("{*}sequenceFlow"))).get("id")
    text = hazard.diagram.decode()
    start = text.index(f'<bpmn:sequenceFlow id="{flow}"')
    element = text[start : text.index("/>", start) + 2]
    (line,) = [s for s in sentences(hazard, edited(hazard, "process.bpmn", (element, ""))) if "删除连线" in s]
    assert line.startswith("“发现隐患”到“")


def test_forms_tables_and_settings_are_part_of_it(hazard: Package) -> None:
    form = json.loads(hazard.files["forms/review.json"])
    form["fields"][0]["required"] = {"field": "mode", "op": "==", "value": "x"}
    form["fields"].append({"name": "photo_again", "kind": "photos", "label": {"zh": "复查照片", "en": "Photos"}})
    new = Package(hazard.key, {**hazard.files, "forms/review.json": json.dumps(form, ensure_ascii=False).encode()})
    said = sentences(hazard, new)
    assert any("复查照片：新增字段" in line for line in said)
    assert any("必填" in line and "“mode”等于“x”" in line for line in said)
    table = edited(
        hazard, "decisions/grading.dmn", ('hitPolicy="FIRST"', 'hitPolicy="UNIQUE"'), ("<text>60<", "<text>90<")
    )
    said = sentences(hazard, table)
    assert "隐患定级提示：命中策略 由 FIRST 改为 UNIQUE" in said
    assert any("涉爆粉尘：“建议期限（天）” 由 60 改为 90" in line for line in said)
    manifest = edited(hazard, "process.toml", ('starters = ["leader", ', "starters = ["), ('grade = "grade"', ""))
    assert any("可发起的岗位" in line and "市领导" in line for line in sentences(hazard, manifest))
    assert "隐患排查治理：取消统计项 grade（原为 grade）" in sentences(hazard, manifest)
    dropped = Package(hazard.key, {n: c for n, c in hazard.files.items() if n != "scenarios/two_rounds.toml"})
    assert sentences(hazard, dropped) == ["第一轮复查不合格，第二轮销号：删除场景"]


def test_a_change_of_places_alone_is_one_line(hazard: Package) -> None:
    moved = hazard.diagram.replace(b' x="2', b' x="3').replace(b' y="1', b' y="2')
    comparison = compare(hazard, Package(hazard.key, {**hazard.files, "process.bpmn": moved}))
    assert comparison.only_drawn
    assert [Wording(comparison, OFFICE).line(one).text for one in comparison.differences] == [
        "调整了图的排布，内容不变"
    ]


def test_the_order_in_which_a_gateway_asks_is_content(hazard: Package) -> None:
    text = hazard.diagram.decode()
    root = etree.fromstring(hazard.diagram)
    sources: dict[str, list[str]] = {}
    for flow in root.iter("{*}sequenceFlow"):
        sources.setdefault(flow.get("sourceRef", ""), []).append(flow.get("id", ""))
    gateway = next(
        node.get("id", "") for node in root.iter("{*}exclusiveGateway") if len(sources[node.get("id", "")]) > 1
    )
    first, second = (flow_text(text, flow) for flow in sources[gateway][:2])
    turned = text.replace(first, "@@").replace(second, first).replace("@@", second)
    (line,) = sentences(hazard, Package(hazard.key, {**hazard.files, "process.bpmn": turned.encode()}))
    assert "判断先后改为" in line


def flow_text(text: str, flow: str) -> str:
    start = text.index(f'<bpmn:sequenceFlow id="{flow}"')
    short, whole = text.index("/>", start) + 2, text.find("</bpmn:sequenceFlow>", start)
    return text[start:short] if text.index(">", start) + 1 == short else text[start : whole + 20]


def test_a_file_that_cannot_be_read_is_still_compared(hazard: Package) -> None:
    broken = Package(hazard.key, {**hazard.files, "process.bpmn": b"<bpmn", "forms/review.json": b"{"})
    worse = Package(hazard.key, {**hazard.files, "process.bpmn": b"<bpm", "forms/review.json": b"{"})
    assert sentences(hazard, broken)
    assert sentences(broken, worse) == ["process.bpmn：内容有改动"]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_equal_packages_have_no_differences(folder: Path) -> None:
    package = load_folder(folder)
    assert compare(package, Package(package.key, dict(package.files))).differences == []


# -- nothing may differ without being said


def canonical(name: str, content: bytes) -> object:
    """What counts in a file, found in another way than the comparison finds it."""
    if name.endswith((".bpmn", ".dmn")):
        root = etree.fromstring(content)
        counted = [one for one in root.iter() if not str(one.tag).endswith(("}incoming", "}outgoing"))]
        return sorted(
            (
                str(one.tag),
                repr(sorted(one.attrib.items())),
                (one.text or "").strip(),
                *(a.get("id", "") for a in one.iterancestors()),
            )
            for one in counted
            if DI not in str(one.tag) and not any(DI in str(around.tag) for around in one.iterancestors())
        )
    return json.loads(content) if name.endswith(".json") else tomllib.loads(content.decode())


def change_xml(content: bytes, chance: random.Random) -> bytes:
    root = etree.fromstring(content)
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    element = chance.choice(elements)
    act = chance.choice(("attribute", "attribute", "text", "delete", "new"))
    if act == "attribute" and element.attrib:
        name = chance.choice(list(element.attrib))
        element.set(name, f"{element.get(name)}x")
    elif act == "delete" and element.getparent() is not None:
        element.getparent().remove(element)  # type: ignore[union-attr]
    elif act == "new":
        element.set("more", "1")
    else:
        element.text = f"{(element.text or '').strip()}x"
    return etree.tostring(root)


def change_json(content: bytes, chance: random.Random) -> bytes:
    data = json.loads(content)
    places: list[tuple[object, object]] = []

    def collect(value: object) -> None:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, one in inner:
            places.append((value, key))
            collect(one)

    collect(data)
    holder, key = chance.choice(places)
    if chance.random() < 0.3:
        del holder[key]  # type: ignore[attr-defined]
    else:
        holder[key] = chance.choice(("x", 7, True, {"zh": "x", "en": "y"}, [], None))  # type: ignore[index]
    return json.dumps(data, ensure_ascii=False).encode()


def change_toml(content: bytes, chance: random.Random) -> bytes:
    lines = content.decode().splitlines()
    place = chance.choice([n for n, line in enumerate(lines) if "=" in line])
    lines[place] = "" if chance.random() < 0.5 else lines[place].replace('"', '"x', 1)
    return "\n".join(lines).encode()


CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    ".bpmn": change_xml,
    ".dmn": change_xml,
    ".json": change_json,
    ".toml": change_toml,
}


@pytest.mark.parametrize("folder", SHIPPED[5:8], ids=lambda path: path.name)
def test_nothing_differs_without_being_said(folder: Path) -> None:
    package = load_folder(folder)
    chance = random.Random(folder.name)
    told = 0
    for _turn in range(120):
        name = chance.choice(["process.bpmn"] * 3 + sorted(package.files))
        if (suffix := Path(name).suffix) not in CHANGES:
            continue
        content = CHANGES[suffix](package.files[name], chance)
        try:
            same = canonical(name, content) == canonical(name, package.files[name])
        except tomllib.TOMLDecodeError:
            same = False
        comparison = compare(package, Package(package.key, {**package.files, name: content}))
        wording = Wording(comparison, OFFICE)
        assert comparison.differences, (name, content)
        assert all(wording.sentence(one) for one in comparison.differences)
        if not same:
            told += 1
            assert not comparison.only_drawn, (name, content.decode()[:2000])
    assert told > 60
