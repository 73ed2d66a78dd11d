"""The inbox: boxes, lights, headings, filters, and counts that never tell of what one may not see."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from app.clock import FixedClock
from tests.cast import START

SignIn = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def back_to_the_start(clock: FixedClock) -> Iterator[None]:
    yield
    clock.set(START)


@pytest.fixture(scope="module")
def review(request_seal: Callable[..., str], sign_in: SignIn, clock: FixedClock) -> dict[str, str]:
    """Tasks of 赵明远: one late, one due today, one due later; and one that nobody has claimed."""
    found = {}
    for name, days in (("过期的", 4), ("今天的", 2), ("以后的", 0)):
        clock.set(START - dt.timedelta(days=days, hours=3))
        found[name] = request_seal(f"{name}一件")
        sign_in("zhao").post(f"/tasks/{found[name]}/claim")
    clock.set(START)
    found["没人签收的"] = request_seal("没人签收的一件")
    return found


def headings(page: str) -> list[str]:
    return re.findall(r'class="db-sub"><b>(.*?)</b>', page)


def test_open_tasks_stand_under_the_day_they_fall_due(sign_in: SignIn, review: dict[str, str]) -> None:
    page = sign_in("zhao").get("/tasks").text
    assert headings(page) == ["已超期", "今日到期", "以后到期"]
    assert page.index("过期的一件") < page.index("今天的一件") < page.index("以后的一件")
    assert "没人签收的一件" not in page


def test_the_deadline_says_how_long_is_left_on_the_office_clock(sign_in: SignIn, review: dict[str, str]) -> None:
    page = sign_in("zhao").get("/tasks").text
    assert "剩 3 时 10 分" in page  # today 17:30
    assert re.search(r"超期 \d 工作日|超期 \d 时", page)


def test_chips_count_under_the_filter_and_filter(sign_in: SignIn, review: dict[str, str]) -> None:
    page = sign_in("zhao").get("/tasks?light=red").text
    assert "过期的一件" in page
    assert "今天的一件" not in page
    assert re.search(r"全部 <b>3</b>", page)
    assert re.search(r"超期 <b>1</b>", page)


def test_words_and_processes_narrow_the_list(sign_in: SignIn, review: dict[str, str]) -> None:
    zhao = sign_in("zhao")
    assert "今天的一件" in zhao.get("/tasks?q=今天").text
    assert "没有符合条件的事项" in zhao.get("/tasks?q=不存在").text
    assert "今天的一件" in zhao.get("/tasks?process=seal_request").text
    assert "今天的一件" not in zhao.get("/tasks?process=other").text
    assert "没有符合条件的事项" in zhao.get("/tasks?q=100%25").text  # a wildcard is an ordinary character


def test_htmx_gets_the_list_alone(sign_in: SignIn, review: dict[str, str]) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = sign_in("zhao").get("/tasks", headers=headers)
    assert "<html" not in answer.text
    assert "过期的一件" in answer.text
    assert "HX-Request" in answer.headers["Vary"]


def test_what_one_started_shows_who_has_it(sign_in: SignIn, review: dict[str, str]) -> None:
    page = sign_in("sun").get("/tasks?box=started").text
    assert "赵明远" in page
    assert "没人签收的一件" in page


def test_an_empty_inbox_names_what_comes_next(sign_in: SignIn, review: dict[str, str]) -> None:
    page = sign_in("sun").get("/tasks").text
    assert "没有待办" in page
    assert "接下来" in page
    assert "过期的一件" in page  # under way with 赵明远, due first
    assert "签收 1 项" in sign_in("liu").get("/tasks").text


def test_outsiders_see_nothing_and_count_nothing(sign_in: SignIn, review: dict[str, str]) -> None:
    for who in ("deng", "he", "zhou", "lin"):
        for box in ("todo", "claimable", "started", "done", "cc"):
            page = sign_in(who).get(f"/tasks?box={box}")
            assert "一件" not in page.text
            listed = sign_in(who).get(f"/api/v1/tasks?box={box}")
            assert (listed.json, listed.headers["X-Total-Count"]) == ([], "0")
        assert sign_in(who).get(f"/tasks/{review['今天的']}").status_code == 404
        assert sign_in(who).get(f"/api/v1/tasks/{review['今天的']}").status_code == 404


def test_a_program_reads_lights_and_remaining_time(sign_in: SignIn, review: dict[str, str]) -> None:
    zhao = sign_in("zhao")
    listed = zhao.get("/api/v1/tasks?per_page=2")
    assert listed.headers["X-Total-Count"] == "3"
    assert [task["light"] for task in listed.json] == ["red", "amber"]
    today = listed.json[1]
    assert today["due"]["remaining_work_seconds"] == 3 * 3600 + 600
    assert today["due_at"].endswith("+08:00")
    assert [t["title"] for t in zhao.get("/api/v1/tasks?light=amber").json] == ["今天的一件"]
    assert zhao.get("/api/v1/tasks?box=nonsense").status_code == 422


def test_a_program_reads_all_it_needs_to_act(sign_in: SignIn, review: dict[str, str]) -> None:
    task = sign_in("zhao").get(f"/api/v1/tasks/{review['今天的']}").json
    assert {"complete", "draft", "reassign", "unclaim"} <= set(task["permitted"])
    assert [field["name"] for field in task["form"]["fields"]] == ["result", "opinion", "papers"]
    assert task["data"]["summary"] == "今天的一件"
    assert task["due"]["limit"] == "限 2 工作日"


def test_the_task_page_leads_to_its_neighbours(sign_in: SignIn, review: dict[str, str]) -> None:
    page = sign_in("zhao").get(f"/tasks/{review['今天的']}").text
    assert "第 2 / 3 项" in page
    assert f'href="/tasks/{review["过期的"]}"' in page
    assert f'href="/tasks/{review["以后的"]}"' in page
    page = sign_in("zhao").get(f"/tasks/{review['今天的']}?light=amber").text
    assert "第 1 / 1 项" in page


def test_the_pages_are_complete_in_english(sign_in: SignIn, review: dict[str, str]) -> None:
    zhao = sign_in("zhao")
    zhao.set_cookie("lang", "en")
    assert "Overdue" in zhao.get("/tasks").text
    page = zhao.get(f"/tasks/{review['今天的']}").text
    assert "Seal request" in page
    assert "Submit" in page


def test_a_light_of_a_finished_task_tells_whether_it_was_late(
    sign_in: SignIn, request_seal: Callable[..., str], clock: FixedClock
) -> None:
    clock.set(START - dt.timedelta(days=7))
    task = request_seal("办晚了的")
    clock.set(START)
    sign_in("gao").post(f"/tasks/{task}/completion", data={"result": "pass", "opinion": "同意"})
    (done,) = sign_in("gao").get("/api/v1/tasks?box=done").json
    assert (done["light"], done["late"]) == ("red", True)
    assert "逾期" in sign_in("gao").get("/tasks?box=done").text


def test_the_first_page_is_the_inbox(sign_in: SignIn) -> None:
    assert sign_in("zhao").get("/").headers["Location"] == "/tasks"
    assert sign_in("root").get("/").headers["Location"].startswith("/admin/")
