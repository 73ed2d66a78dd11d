"""The console in a browser: an incident from its cause to its end, many at once, suspending, and every screen's looks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app.audit import SYSTEM, Actor
from app.engine import Engine
from tests.cast import member
from tests.e2e.harness import LOOKS, PHONE, Opens, Served, chinese_in
from tests.inbox.processes import package

LOST, SOUND = "lost_in_the_harbour", "sound_harbour"
LONG = "关于辖区内涉氨制冷企业及金属冶炼企业岁末年初安全生产大检查中发现问题整改情况须加盖公章后报送市安委办的申请"


@pytest.fixture(scope="module")
def instances(served: Served) -> dict[str, str]:
    """Three instances whose step is addressed to an office that does not exist yet, and one that is sound."""
    engine: Engine = served.app.extensions["duban.engine"]
    sun = Actor(member("sun").id, "孙强", member("sun").org_id, "新港街道")
    found = {}
    with served.app.app_context():
        engine.deploy(package(LOST, org="&quot;harbour_office&quot;"), by=SYSTEM)
        engine.deploy(package(SOUND, remind="-P1D"), by=SYSTEM)
        for title in ("甲事", "乙事", LONG):
            found[title] = engine.start(LOST, {"summary": title, "pages": 1}, by=sun).instance_id
        found["sound"] = engine.start(SOUND, {"summary": LONG, "pages": 1}, by=sun).instance_id
        for title in (LONG, "sound"):
            engine.copy(_task(engine, found[title]), [member("wang").id], by=SYSTEM)
    return found


def _task(engine: Engine, instance_id: str) -> str:
    from app.engine import HumanTask

    with engine.sessions() as session:
        return session.query(HumanTask).filter_by(instance_id=instance_id, status="open").one().id


def test_every_screen_holds_in_every_look(open_screen: Opens, served: Served, instances: dict[str, str]) -> None:
    screens = (
        ("console-instances", "root", f"/console/instances?process={LOST}"),
        ("console-instances-office", "wang", "/console/instances"),
        ("console-instances-none", "root", "/console/instances?q=ffff"),
        ("console-instance", "root", f"/console/instances/{instances['甲事']}"),
        ("console-instance-office", "wang", f"/console/instances/{instances[LONG]}?node=review"),
        ("console-incidents", "root", "/console/incidents"),
        ("console-incidents-none", "root", "/console/incidents?process=nothing"),
        ("console-timers", "root", f"/console/timers?process={SOUND}"),
        ("console-jobs", "root", "/console/jobs"),
    )
    for look in LOOKS:
        screen = open_screen(None, look)
        for name, person, path in screens:
            screen.signed_in(served, person).goto(path)
            screen.check(name)


def test_the_operators_pages_are_wholly_english(open_screen: Opens, instances: dict[str, str]) -> None:
    english = next(look for look in LOOKS if look.locale == "en" and not look.phone)
    people = {
        "赵明远",
        "孙强",
        "新港街道",
        "系统管理员",
        "高志远",
        "系统",
        "望海市安全生产委员会办公室",
        "市安委办",
        "系",
    }
    screen = open_screen("root", english)
    for path in (
        "/console/instances",
        f"/console/instances/{instances['sound']}",
        "/console/incidents",
        "/console/jobs",
    ):
        page = screen.goto(path)
        screen.settle()
        page.evaluate(
            "document.querySelectorAll('.db-viewer svg, .djs-container').forEach(e => e.remove())"
        )  # names of data
        assert set(chinese_in(page)) - people == set(), path


def test_an_administrator_finds_an_incident_and_retries_it_until_it_goes_through(
    open_screen: Opens, instances: dict[str, str]
) -> None:
    screen = open_screen("root")
    page = screen.goto("/console")
    expect(page.get_by_role("heading", name="运行监控")).to_be_visible()
    row = page.get_by_role("row").filter(has_text=instances["甲事"][-4:])
    expect(row.get_by_text("找不到办理人")).to_be_visible()
    row.get_by_text("技术信息").click()
    expect(row.get_by_text("只对安委办显示")).to_be_visible()
    row.get_by_role("link", name="用印申请").click()
    expect(page.locator(".djs-element.is-now")).to_have_count(1)
    expect(page.locator(".db-viewer-tag.is-alert")).to_have_text("异常 1")
    page.locator(".djs-element.is-now").click()
    expect(page.locator("#node")).to_contain_text("出现异常")
    page.get_by_role("button", name="立即重试").click()
    expect(page.get_by_text("再次失败，异常仍未解除")).to_be_visible()
    screen.check("console-failed-again")

    page.goto(screen.url + "/admin/organisations")
    page.get_by_role("link", name="新增单位").first.click()
    page.get_by_label("名称", exact=False).first.fill("望海市港口办公室")
    page.get_by_label("简称").fill("港口办")
    page.get_by_label("代码").fill("harbour_office")
    page.get_by_label("类别").select_option("sector_dept")
    page.get_by_role("button", name="新增单位").click()
    expect(page.get_by_role("heading", name="望海市港口办公室")).to_be_visible()

    page.goto(f"{screen.url}/console/instances/{instances['甲事']}")
    page.get_by_role("button", name="立即重试").click()
    expect(page.get_by_text("1 项异常已解除")).to_be_visible()
    page.get_by_role("link", name="返回", exact=True).click()
    expect(page.locator(".db-viewer-tag.is-alert")).to_have_count(0)
    expect(page.locator("#history")).to_contain_text("异常解除")

    # the other two at once
    page.goto(f"{screen.url}/console/incidents?process={LOST}")
    page.get_by_role("checkbox", name="全选").check()
    expect(page.get_by_text("已选 2 项")).to_be_visible()
    page.get_by_role("button", name="重试所选").click()
    expect(page.get_by_text("2 项异常已解除")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="已解除")).to_have_count(2)
    screen.check("console-retried")
    page.get_by_role("link", name="返回", exact=True).click()
    expect(page.get_by_text("没有未解除的异常")).to_be_visible()


def test_an_instance_is_suspended_and_resumed(open_screen: Opens, instances: dict[str, str]) -> None:
    screen = open_screen("wang").refuses(422)
    page = screen.goto(f"/console/instances/{instances['sound']}")
    page.get_by_text("中止办理").first.click()
    page.locator("#reason-suspend").fill("配合数据核对")
    screen.check("console-suspend")
    page.get_by_role("button", name="中止办理").click()
    expect(page.locator("#flash")).to_contain_text("已中止")
    expect(page.locator("#history")).to_contain_text("配合数据核对")
    page.get_by_text("恢复办理").first.click()
    page.get_by_role("button", name="恢复办理").click()
    expect(page.locator("#flash")).to_contain_text("已恢复")


def test_a_reminder_is_moved_in_the_list(open_screen: Opens, instances: dict[str, str]) -> None:
    screen = open_screen("wang")
    page = screen.goto(f"/console/timers?process={SOUND}&kind=remind")
    page.get_by_text("改期").first.click()
    page.get_by_label("新的时间").fill("2026-04-10T09:00")
    page.get_by_label("原因").fill("提前一天提醒")
    screen.check("console-move")
    page.get_by_role("button", name="改期").click()
    expect(page.locator("#flash")).to_contain_text("已改期")
    expect(page.get_by_text(re.compile("王建国 .*改期"))).to_be_visible()
    expect(page.locator("s")).to_have_count(1)


def test_without_a_script_everything_stands_in_lists(open_screen: Opens, instances: dict[str, str]) -> None:
    """The diagram alone needs JavaScript; nodes, tokens and verbs do not."""
    screen = open_screen("root", PHONE)
    context = screen.page.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    context.add_cookies(screen.page.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{screen.url}/console/instances/{instances['sound']}")
    expect(page.get_by_text("流程图：令牌在审核")).to_be_visible()
    page.get_by_text("全部节点").click()
    page.locator("#steps").get_by_role("link", name="审核").click()
    expect(page.locator("#node")).to_contain_text("送达任务")
    context.close()
