"""The process editor in a browser: draw, set up, save by itself, never lose anything, and read every diagram."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Page, Route, expect

from app.audit import Actor
from app.config import ROOT
from app.db import write_transaction
from app.designer.drafts import files_of, find, operations
from app.designer.editor.fragments import FRAGMENTS
from app.engine import load_folder
from app.web.sessions import COOKIE
from tests.cast import START, member
from tests.designer.editor.diagrams import canonical, differences
from tests.e2e.harness import DESKTOP, LOOKS, Opens, Screen, Served, axe_findings, chinese_in

EXAMPLE = load_folder(ROOT / "tests" / "bpmn" / "examples" / "two_step_approval")
SHIPPED = sorted(
    path.parent for folder in ("bpmn", "tests/bpmn/examples") for path in (ROOT / folder).glob("*/process.bpmn")
)
BY_OTHERS = sorted((ROOT / "tests" / "designer" / "editor" / "by_others").glob("*.bpmn"))
NewDraft = Callable[..., str]
# The editor with one diagram in place of another, as an import does it, and what it would save of it untouched.
ROUND_TRIP = """async (xml) => {
  const editor = document.getElementById("editor").editor;
  editor.saving.stopped = true;
  await editor.import(xml, { fit: true });
  editor.stored = null;
  const notes = [...document.querySelectorAll("[data-note]")].map((note) => note.dataset.note);
  const files = await editor.files();
  return [files["process.bpmn"], notes, editor.shapes.length];
}"""
SELECT = """(id) => {
  const { modeler } = document.getElementById("editor").editor;
  modeler.get("selection").select(modeler.get("elementRegistry").get(id));
}"""

DELETE = """(id) => {
  const { modeler } = document.getElementById("editor").editor;
  modeler.get("modeling").removeElements([modeler.get("elementRegistry").get(id)]);
}"""
SELECTED = "() => document.getElementById('editor').editor.modeler.get('selection').get().map((each) => each.id)"
FLOWS_OF = """(id) => {
  const { incoming, outgoing } = document.getElementById("editor").editor.modeler.get("elementRegistry").get(id);
  return incoming.length + outgoing.length;
}"""
ENDS = """(wanted) => {
  const ends = document.getElementById("editor").editor.shapes.filter((each) => each.type === "bpmn:EndEvent");
  return String(ends.map((each) => each.id).sort()) === String(wanted);
}"""


@pytest.fixture
def new_draft(served: Served) -> NewDraft:
    """`new_draft(files)` → the id of a draft of the example, with these files in place of its own."""

    def made(changed: Mapping[str, bytes] | None = None) -> str:
        files = {**EXAMPLE.files, **(changed or {})}
        root = Actor(member("root").id, "系统管理员", member("root").org_id, "市安委办")
        with served.app.extensions["duban.sessions"]() as session, write_transaction(session):
            return operations.create(session, EXAMPLE.key, "采购申请", files, by=root, at=START).id

    return made


def stored(served: Served, draft_id: str) -> dict[str, str]:
    with served.app.extensions["duban.sessions"]() as session:
        return {name: content.decode() for name, content in files_of(session, find(session, draft_id)).items()}


def opened(screen: Screen, draft_id: str) -> Page:
    page = screen.goto(f"/designer/drafts/{draft_id}")
    page.wait_for_selector("#editor[data-ready]")
    return page


def saved(page: Page) -> None:
    page.keyboard.press("Control+s")
    page.wait_for_function(
        "() => { const { saving } = document.getElementById('editor').editor; return !saving.dirty && !saving.busy; }"
    )


def test_a_step_that_is_added_and_set_up_is_saved_by_itself(
    open_screen: Opens, served: Served, new_draft: NewDraft
) -> None:
    draft_id = new_draft()
    page = opened(open_screen("root"), draft_id)
    page.evaluate(SELECT, "review")
    page.get_by_role("button", name="会签", exact=True).click()
    props = page.locator("#editor-props")
    props.get_by_label("英文名称").fill("Fire department signs")
    props.get_by_label("名称", exact=True).fill("消防会签")
    props.get_by_label("名称", exact=True).press("Tab")
    props.get_by_label("角色", exact=True).select_option("officer")
    props.get_by_label("票签").check()
    props.get_by_label("通过比例").fill("2/3")
    props.get_by_label("通过比例").press("Tab")
    props.get_by_label("表单", exact=True).select_option("review")
    props.get_by_label("工作日", exact=True).check()
    props.get_by_role("button", name="添加提醒").click()
    props.get_by_role("tab", name="动作").click()
    props.get_by_label("退回").check()
    props.get_by_role("tab", name="高级").click()
    props.get_by_label("编号").fill("fire_signs")
    props.get_by_label("编号").press("Tab")
    page.get_by_role("button", name="撤销").click()
    page.get_by_role("button", name="重做").click()
    page.evaluate("() => document.getElementById('editor').editor.atProcess()")
    props.get_by_label("中文名称").fill("采购会签")
    props.get_by_label("中文名称").press("Tab")
    expect(props.get_by_role("heading")).to_have_text("采购会签")
    saved(page)

    files = stored(served, draft_id)
    step = re.search(r'<bpmn:userTask id="fire_signs" name="消防会签">.*?</bpmn:userTask>', files["process.bpmn"], re.S)
    assert step is not None
    words = dict(re.findall(r'property name="(\w+)" value="([^"]*)"', step[0]))
    assert words == {
        "policy": "ratio",
        "name_en": "Fire department signs",
        "role": "officer",
        "ratio": "2/3",
        "form": "review",
        "deadline": "work_days(3)",
        "remind": "-1 work_days",
        "allow": "claim, reassign, delegate, cc, urge, comment, return",
    }
    assert 'title = { zh = "采购会签", en = "Purchase request" }' in files["process.toml"]
    expect(page.locator("#problems")).to_contain_text("消防会签")


def test_whoever_saves_second_is_told_and_loses_nothing(
    open_screen: Opens, served: Served, new_draft: NewDraft
) -> None:
    draft_id = new_draft()
    screen = open_screen("root").refuses(409)
    page = opened(screen, draft_id)
    other = Actor(member("wang").id, "王磊", None, "")
    _save(served, draft_id, other, {"forms/review.json": EXAMPLE.files["forms/review.json"] + b"\n"})
    page.evaluate(SELECT, "review")
    page.locator("#editor-props").get_by_label("名称", exact=True).fill("我的初审")
    page.locator("#editor-props").get_by_label("英文名称").focus()
    saved(page)
    expect(page.locator("[data-note=merged]")).to_contain_text("王磊")
    files = stored(served, draft_id)
    assert files["forms/review.json"].endswith("}\n\n") and "我的初审" in files["process.bpmn"]

    theirs = stored(served, draft_id)["process.bpmn"].replace("安委办终审", "他的终审")
    _save(served, draft_id, other, {"process.bpmn": theirs.encode()})
    page.locator("#editor-props").get_by_label("名称", exact=True).fill("我的复审")
    page.locator("#editor-props").get_by_label("英文名称").focus()
    page.keyboard.press("Control+s")
    note = page.locator("[data-note=conflict]")
    expect(note).to_contain_text("王磊")
    assert "我的复审" not in stored(served, draft_id)["process.bpmn"]
    note.get_by_role("button", name="载入新内容").click()
    expect(note).to_be_hidden()
    page.wait_for_function(
        "() => document.getElementById('editor').editor.modeler.get('elementRegistry').get('decide').businessObject.name === '他的终审'"
    )
    page.get_by_role("button", name="撤销").click()  # one's own work is a step back
    saved(page)
    assert "我的复审" in stored(served, draft_id)["process.bpmn"]


def _save(served: Served, draft_id: str, by: Actor, files: Mapping[str, bytes]) -> None:
    with served.app.extensions["duban.sessions"]() as session, write_transaction(session):
        draft = find(session, draft_id)
        operations.save(session, draft, draft.rev, files, by, START)


def test_every_diagram_comes_back_as_it_was(open_screen: Opens, new_draft: NewDraft) -> None:
    page = opened(open_screen("root"), new_draft())
    for folder in SHIPPED:
        xml = (folder / "process.bpmn").read_text(encoding="utf-8")
        after, notes, _shapes = page.evaluate(ROUND_TRIP, xml)
        assert (differences(canonical(xml), canonical(after)), notes) == ([], []), folder.name
    for path in BY_OTHERS:
        xml = path.read_text(encoding="utf-8")
        after, notes, shapes = page.evaluate(ROUND_TRIP, xml)
        assert shapes >= 4, path.name
        if "BPMNDiagram" in xml:
            assert (differences(canonical(xml), canonical(after)), notes) == ([], []), path.name
        else:
            _laid_out(xml, after, notes)
    _every_menu(page)
    assert page.evaluate("() => [...document.getElementById('editor').editor.untranslated]") == []


def _laid_out(xml: str, after: str, notes: list[str]) -> None:
    """What was there is there; every step has got a place."""
    assert notes == ["layout"]
    before = [part for part in canonical(xml)[3] if part[0].endswith("}process")]
    kept = [part for part in canonical(after)[3] if part[0].endswith("}process")]
    assert [found for one, other in zip(before, kept, strict=True) for found in differences(one, other)] == []
    for node in re.findall(
        r'<(?:userTask|startEvent|endEvent|boundaryEvent|exclusiveGateway|scriptTask|lane) id="(\w+)"', xml
    ):
        assert f'bpmnElement="{node}"' in after, node


def _every_menu(page: Page) -> None:
    """Every kind of element with its menus, so that whatever they say has been asked for in Chinese."""
    xml = (ROOT / "bpmn" / "special_campaign" / "process.bpmn").read_text(encoding="utf-8")
    page.evaluate(ROUND_TRIP, xml)
    opened_menus = page.evaluate(
        """() => {
          const { modeler } = document.getElementById("editor").editor;
          const [menu, pad] = [modeler.get("popupMenu"), modeler.get("contextPad")];
          let opened = 0;
          for (const shape of modeler.get("elementRegistry").filter((each) => !each.labelTarget)) {
            pad.open(shape);
            if (menu.isEmpty(shape, "bpmn-replace")) continue;
            menu.open(shape, "bpmn-replace", { x: 10, y: 10 }, { search: true });
            menu.close();
            opened += 1;
          }
          const several = modeler.get("elementRegistry").filter((each) => !each.waypoints && !each.labelTarget).slice(5, 8);
          pad.open(several);
          menu.open(several, "align-elements", { x: 10, y: 10 });
          menu.close();
          modeler.get("minimap").toggle();
          modeler.get("minimap").toggle();
          return opened;
        }"""
    )
    assert opened_menus > 10


def test_a_reported_problem_is_fixed_by_one_click(open_screen: Opens, served: Served, new_draft: NewDraft) -> None:
    broken = EXAMPLE.diagram.decode().replace(' default="no"', "").encode()
    draft_id = new_draft({"process.bpmn": broken})
    page = opened(open_screen("root"), draft_id)
    problem = page.locator("#problems li", has_text="是否同意").first
    expect(problem).to_be_visible()
    expect(page.locator(".djs-element[data-element-id=agreed]")).to_have_class(re.compile("is-bad|is-warn"))
    problem.locator(".db-valid-go").click()
    expect(page.locator("#editor-props").get_by_role("heading")).to_have_text("是否同意")
    problem.get_by_role("button").last.click()
    expect(page.locator("#problems li", has_text="是否同意")).to_have_count(0)
    assert 'default="no"' in stored(served, draft_id)["process.bpmn"]
    undo, redo = page.get_by_role("button", name="撤销"), page.get_by_role("button", name="重做")
    undo.click()
    expect(page.locator("#problems li", has_text="是否同意").first).to_be_visible()
    redo.click()
    page.evaluate("() => document.getElementById('editor').editor.history.turn")
    page.evaluate(DELETE, "refused")  # undo reaches back past a fix, one step at a time, and redo on again
    page.evaluate(DELETE, "finished")
    saved(page)
    page.locator("#problems li", has_text="安委办终审").get_by_role("button", name="在其后加结束事件").click()
    expect(page.locator("[data-element-id=EndEvent_1]").first).to_be_visible()
    for button, ids in (
        (undo, set()),
        (undo, {"finished"}),
        (undo, {"finished", "refused"}),
        (redo, {"finished"}),
        (redo, set()),
        (redo, {"EndEvent_1"}),
        (undo, set()),
        (undo, {"finished"}),
    ):
        button.click()
        page.wait_for_function(ENDS, arg=sorted(ids))
    saved(page)
    assert set(re.findall(r'endEvent id="(\w+)"', stored(served, draft_id)["process.bpmn"])) == {"finished"}
    page.evaluate(DELETE, "finished")  # what is new ends what was ahead
    expect(redo).to_be_disabled()


FAULTY = (
    EXAMPLE.diagram.decode()
    .replace(' default="no"', "")
    .replace('<spiffworkflow:property name="role" value="coordinator" />', "")
    .replace('<spiffworkflow:property name="name_en" value="Review" />', "")
)


def test_a_link_to_an_element_opens_at_it_and_one_fix_waits_for_the_other(
    open_screen: Opens, served: Served, new_draft: NewDraft
) -> None:
    draft_id = new_draft({"process.bpmn": FAULTY.encode()})
    page = open_screen("root").goto(f"/designer/drafts/{draft_id}#agreed")
    page.wait_for_selector("#editor[data-ready]")
    heading = page.locator("#editor-props").get_by_role("heading")
    expect(heading).to_have_text("是否同意")
    page.evaluate("() => (location.hash = 'decide')")  # a link on the page itself
    expect(heading).to_have_text("安委办终审")

    fixes = page.locator("#problems button[data-fix]")
    expect(fixes.nth(1)).to_be_enabled()
    usual = page.locator("#problems").evaluate("(list) => list.clientHeight")
    page.get_by_role("button", name="展开列表").click()  # more problems than show at once
    assert page.locator("#problems").evaluate("(list) => list.clientHeight") > 2 * usual
    page.get_by_role("button", name="收起列表").click()
    answer: list[Route] = []
    page.route("**/fixes", lambda route: answer.append(route))  # the first one takes its time
    fixes.first.click()
    expect(fixes.first).to_have_text("正在修正…")
    for held in (fixes.first, fixes.nth(1)):
        expect(held).to_be_disabled()
        expect(held).to_have_attribute("title", "正在修正另一处，完成后再点")
    faults = fixes.count()
    expect(page.locator("#problems button[data-fix]:enabled")).to_have_count(0)
    answer[0].continue_()
    expect(fixes).not_to_have_count(faults)
    expect(fixes.first).to_be_enabled()
    assert len(answer) == 1


def test_what_is_drawn_after_the_session_has_ended_is_saved_when_somebody_signs_in_again(
    open_screen: Opens, served: Served, new_draft: NewDraft
) -> None:
    draft_id = new_draft()
    screen = open_screen("root").refuses(401, 400)
    page = opened(screen, draft_id)
    page.context.clear_cookies(name=COOKIE)
    page.evaluate(SELECT, "review")
    page.locator("#editor-props").get_by_label("名称", exact=True).fill("过期后改的")
    page.locator("#editor-props").get_by_label("英文名称").focus()
    page.keyboard.press("Control+s")
    expect(page.locator("[data-note=away]")).to_contain_text("改动还在本页")
    expect(page.locator("#save-state")).to_have_text("登录已过期，改动还在本页")
    assert "过期后改的" not in stored(served, draft_id)["process.bpmn"]
    screen.signed_in(served, "wang")  # somebody else in the same browser: nothing goes out in their name
    screen.refuses(404)
    with page.expect_response("**/session*") as answered:
        page.keyboard.press("Control+s")
    assert answered.value.status == 404  # not their draft, so no token and nothing goes out
    expect(page.locator("#save-state")).to_have_text("登录已过期，改动还在本页")
    assert "过期后改的" not in stored(served, draft_id)["process.bpmn"]
    screen.signed_in(served, "root")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-note=away]")).to_be_hidden()
    saved(page)
    assert "过期后改的" in stored(served, draft_id)["process.bpmn"]


def test_a_ready_fragment_is_one_step_by_keyboard(open_screen: Opens, served: Served, new_draft: NewDraft) -> None:
    draft_id = new_draft()
    page = opened(open_screen("root"), draft_id)
    undo, redo = page.get_by_role("button", name="撤销"), page.get_by_role("button", name="重做")
    for name in [fragment.name for fragment in FRAGMENTS]:
        page.evaluate(SELECT, "review")
        page.locator("#palette-filter").fill("常用片段")
        page.locator(f"[data-fragment={name}]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#editor-said")).to_contain_text("已添加")
        undo.click()
        expect(undo).to_be_disabled()
        page.evaluate("() => (document.getElementById('editor-said').textContent = '')")
    page.evaluate(SELECT, "review")
    page.locator("#palette-filter").fill("审核")
    page.keyboard.press("Enter")
    expect(page.locator("#editor-props").get_by_role("heading")).to_have_text("审核")
    undo.click()
    redo.click()
    saved(page)
    expect(page.locator("#problems")).to_contain_text("没有发现问题")
    flows = re.findall(r'sourceRef="(\w+)" targetRef="(\w+)"', stored(served, draft_id)["process.bpmn"])
    assert {
        ("review", "check_over"),
        ("check_over", "checked_over"),
        ("checked_over", "check_revise"),
        ("check_revise", "check_over"),
        ("checked_over", "agreed"),
    } <= set(flows)
    assert ("review", "agreed") not in flows
    _beside_a_loose_end(page)


def _beside_a_loose_end(page: Page) -> None:
    """Nothing comes after an end: the fragment stands for itself, and its first step is what is chosen."""
    heading = page.locator("#editor-props").get_by_role("heading")
    page.evaluate(DELETE, "to_finished")
    page.evaluate(SELECT, "finished")
    page.locator("#palette-filter").fill("会签")
    page.locator("[data-fragment=joint_sign]").click()
    expect(heading).to_have_text("会签")
    assert page.evaluate(FLOWS_OF, "finished") == 0
    page.get_by_role("button", name="撤销").click()
    page.locator("[data-fragment=joint_sign]").hover()
    page.mouse.down()
    for x, y in ((500, 400), (600, 450), (620, 460)):  # onto the canvas
        page.mouse.move(x, y)
    expect(page.locator(".djs-drag-group > *").first).to_be_attached()
    page.mouse.up()
    expect(heading).to_have_text("会签")
    assert page.evaluate(SELECTED) == ["joint_sign"]
    page.evaluate("() => document.getElementById('editor').editor.atProcess()")
    page.locator("#palette-filter").fill("判定")  # a single step, with nothing selected and no pool
    page.keyboard.press("Enter")
    expect(heading).to_have_text("判定表")


def test_the_editor_works_by_keyboard_and_holds_in_every_look(open_screen: Opens, new_draft: NewDraft) -> None:
    draft_id = new_draft()
    for look in LOOKS:
        screen = open_screen("root", look)
        page = opened(screen, draft_id)
        if not look.phone:
            page.evaluate(SELECT, "review")
            expect(page.locator("#editor-props [role=tab]")).to_have_count(3)
        screen.settle()
        assert page.evaluate("document.documentElement.scrollWidth") <= look.width
        page.evaluate("() => document.getElementById('editor-canvas').remove()")  # the drawing is not what is looked at
        assert not (found := axe_findings(page)), f"{look}: {found}"
        if look.locale == "en":
            page.locator("h1").evaluate("(node) => node.remove()")
            mine = {
                *re.findall(
                    r"[\u4e00-\u9fff]+", json.dumps([f.decode() for f in EXAMPLE.files.values()], ensure_ascii=False)
                )
            }
            assert {word for word in chinese_in(page) if word not in mine and word not in PEOPLE} == set()
    _by_keyboard(opened(open_screen("root", DESKTOP), draft_id))


PEOPLE = {
    "市安委办内部办理时限",
    "系统管理员",
    "望海市安全生产委员会办公室",
    "系",
    "安委办",
    "市安委办",
    "望海市安委办",
    "督办",
    "督",
}


def _by_keyboard(page: Page) -> None:
    page.evaluate(SELECT, "review")
    long = "会同应急管理局、消防救援支队、市场监督管理局现场复核整改情况并出具书面意见" * 2
    page.locator("#editor-props").get_by_label("名称", exact=True).fill(long)
    page.locator("#editor-props").get_by_label("英文名称").focus()
    expect(page.locator(".djs-element[data-element-id=review] text").first).to_contain_text("…")
    expect(page.locator("#editor-props").get_by_role("heading")).to_have_text(long)  # the panel has all of it
    page.locator("#palette-filter").fill("判定")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#editor-said")).to_have_text("已添加判定表")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+f")
    expect(page.locator(".djs-search-container")).to_be_visible()
    page.keyboard.insert_text("终审")  # as an input method does it: no key goes up
    expect(page.locator(".djs-search-result")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#editor-props").get_by_role("heading")).to_have_text("安委办终审")
    page.locator("summary[aria-label=更多]").click()
    page.get_by_role("button", name="快捷键", exact=True).last.click()
    expect(page.locator("#editor-keys")).to_contain_text("可贴到另一个流程")
