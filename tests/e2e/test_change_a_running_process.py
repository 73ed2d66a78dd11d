"""An administrator changes how hazards are dealt with while they are dealt with: no file touched, no restart."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from app.clock import FixedClock
from app.db import write_transaction
from app.designer.rehearsing import jobs
from tests.cast import START
from tests.e2e.harness import DESKTOP, Screen, Served, Windows
from tests.hazards.walk import Walk, people_the_register

pytestmark = pytest.mark.one_database
RUNNING, CASES = 4, 40
SELECT = """(id) => {
  const { modeler } = document.getElementById("editor").editor;
  modeler.get("selection").select(modeler.get("elementRegistry").get(id));
}"""


def settle(field: Locator, value: str) -> None:
    field.fill(value)
    field.press("Tab")


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), (120, 140, 110)).save(out, "JPEG")
    return out.getvalue()


def new_form(page: Page, draft: str) -> None:
    """Form 会签意见 with a photo, which must be taken."""
    page.goto(f"{draft}/forms")
    form = page.locator("form").filter(has=page.get_by_label("编号")).last
    form.get_by_label("编号").fill("fire_sign")
    form.get_by_label("名称", exact=True).fill("消防会签意见")
    form.get_by_label("英文名称").fill("Fire department's opinion")
    form.get_by_role("button", name="新建").click()
    adding = page.locator("form").filter(has=page.get_by_role("button", name="加字段"))
    adding.get_by_label("字段类型").select_option("photos")
    adding.get_by_role("button", name="加字段").click()
    settings = page.locator("form").filter(has=page.get_by_label("名称（英文）"))
    settings.get_by_label("字段名（变量）").fill("fire_photos")
    settings.get_by_role("textbox", name=re.compile("^名称( |$)")).first.fill("现场照片")
    settings.get_by_label("名称（英文）").fill("Photos on site")
    settings.get_by_role("button", name="保存").first.click()
    expect(page.get_by_text("现场照片").first).to_be_visible()


def draw_the_step(page: Page, draft: str) -> None:
    """消防会签 after 下达指令; and a way that was the default is no longer."""
    page.goto(draft)
    page.wait_for_selector("#editor[data-ready]")
    page.evaluate(SELECT, "order")
    page.get_by_role("button", name="会签", exact=True).click()
    props = page.locator("#editor-props")
    settle(props.get_by_label("名称", exact=True), "消防会签")
    props.get_by_label("角色", exact=True).select_option("officer")
    settle(props.get_by_label("单位（表达式）", exact=True), "'emergency'")
    props.get_by_label("工作日", exact=True).check()
    props.get_by_label("表单", exact=True).select_option("fire_sign")
    page.evaluate(SELECT, "how")
    props.get_by_label("默认流向", exact=True).select_option(index=0)


def put_right(page: Page) -> None:
    """Two problems, each by one click."""
    problems = page.locator("#problems")
    problems.get_by_role("button", name=re.compile("设为默认连线")).first.click(timeout=15_000)
    expect(problems).not_to_contain_text("设为默认连线", timeout=15_000)
    problems.get_by_role("button", name="暂用中文名称作英文名称").click(timeout=15_000)
    expect(problems).to_contain_text("没有发现问题", timeout=15_000)


def test_a_step_is_added_approved_published_and_done_by_work_that_was_under_way(
    windows: Windows, own_city: Served, clock: FixedClock
) -> None:
    app = own_city.app
    clock.set(START)
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_register(session)
    walk = Walk(app, clock)
    hazards = [walk.grade(walk.register(summary=f"{n} 号车间安全出口上锁")) for n in range(RUNNING)]
    due = [walk.task(hazard).due_at for hazard in hazards]
    screens: list[Screen] = []

    def page_of(person: str) -> Page:
        screens.append(windows.open(own_city, person, DESKTOP))
        return screens[-1].page

    admin = page_of("root")
    screens[0].goto("/designer")
    row = admin.locator("tr").filter(has_text="hazard_rectification")
    row.locator("summary").filter(has_text="新建草稿").click()
    row.get_by_role("button", name="新建草稿").click()
    admin.wait_for_selector("#editor[data-ready]")
    draft = admin.url
    new_form(admin, draft)
    draw_the_step(admin, draft)
    put_right(admin)

    admin.goto(f"{draft}/rehearsals")
    admin.get_by_label("件数怎么定").select_option("total")
    admin.get_by_label("件数", exact=True).fill(str(CASES))
    admin.get_by_role("button", name="开始推演").click()
    expect(admin.locator("main")).to_contain_text("等待开始")
    assert jobs.run_waiting(app) == 1  # what the worker starts in a process of its own
    admin.reload()
    expect(admin.locator("main")).to_contain_text("消防会签")
    expect(admin.locator("main")).not_to_contain_text("没有完成")

    admin.goto(f"{draft}/publication")
    admin.get_by_label(re.compile("^说明")).first.fill("下达指令后由消防会签，3 个工作日内附现场照片。")
    admin.get_by_role("button", name="提交审批").click()
    expect(admin.get_by_role("button", name="提交审批")).to_have_count(0)
    second = page_of("shen")
    screens[1].goto("/tasks?box=claimable")
    second.get_by_role("link", name=re.compile("隐患排查治理")).first.click()
    second.get_by_label("同意", exact=True).check()
    second.get_by_role("button", name="提交").first.click()
    expect(second.locator("body")).to_contain_text("本流程办结")

    admin.goto(f"{own_city.url}/designer/processes/hazard_rectification/migration?from=1&to=2")
    admin.get_by_role("button", name="试迁移（不改变事项）").click()
    expect(admin.locator("main")).to_contain_text(f"可以迁移 {RUNNING} 件")
    admin.locator("#act-start summary").click()
    admin.get_by_label("原因", exact=True).fill("按新版执行消防会签")
    admin.get_by_role("button", name=re.compile("^确认迁移")).click()
    expect(admin.locator("main")).to_contain_text("按新版执行消防会签")
    moved = list(iter(app.extensions["duban.engine"].run_migrations, 0))  # in batches, as the worker does
    assert sum(moved) == RUNNING
    admin.reload()
    expect(admin.locator("main")).to_contain_text(f"{RUNNING} / {RUNNING} 件")
    assert [walk.task(hazard).due_at for hazard in hazards] == due

    walk.order(hazards[0])
    officer = page_of("liu")
    screens[2].goto(f"/tasks/{walk.task(hazards[0]).id}")
    expect(officer.get_by_role("heading", name="消防会签").first).to_be_visible()
    file = {"name": "scene.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    officer.locator("main input[type=file]").first.set_input_files(file)  # type: ignore[arg-type]
    expect(officer.locator("main img").last).to_be_visible()
    officer.get_by_role("button", name="提交").first.click()
    officer.wait_for_url(re.compile(r"/tasks(\?|$)"))
    assert walk.task(hazards[0]).node_id == "receive"
    assert [walk.task(hazard).node_id for hazard in hazards[1:]] == ["order"] * (RUNNING - 1)
    for screen in screens:
        screen.close()
        screen.assert_clean()
