"""Photos on a phone: the camera, a HEIC from the album, a broken connection, removing one; the form waits for them."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from app.clock import FixedClock
from tests.e2e.harness import PHONE, Opens
from tests.files import pictures


def album(page: Page, *files: tuple[str, str, bytes]) -> None:
    chosen = [{"name": name, "mimeType": kind, "buffer": content} for name, kind, content in files]
    page.locator("[data-photos] input[type=file]").first.set_input_files(chosen)  # type: ignore[arg-type]


def test_photos_go_up_at_once_and_a_broken_one_can_be_sent_again(open_screen: Opens, e2e_clock: FixedClock) -> None:
    screen = open_screen("sun", PHONE).refuses(422)
    page = screen.goto("/hazards/new")
    picker = page.locator("[data-photos]").first
    expect(picker.get_by_role("button", name="拍照")).to_be_visible()
    album(page, ("a.jpg", "image/jpeg", pictures.photo()), ("IMG_2.HEIC", "image/heic", pictures.heic()))
    expect(picker.locator("input[type=hidden]")).to_have_count(2)
    expect(picker.locator("img[src*=thumbnail]")).to_have_count(2)
    screen.check("photos-uploaded")

    def break_off(route: Route) -> None:
        route.abort()

    page.route("**/files", break_off)
    album(page, ("b.jpg", "image/jpeg", pictures.photo(colour="brown")))
    expect(picker.get_by_role("alert")).to_contain_text("没有传上去")
    expect(picker.locator("input[type=hidden]")).to_have_count(2)
    page.unroute("**/files")
    picker.get_by_role("button", name="重试").click()
    expect(picker.locator("input[type=hidden]")).to_have_count(3)

    album(page, ("c.jpg", "image/jpeg", b"GIF89a this is no photo"))
    expect(picker.get_by_role("alert")).to_contain_text("照片")
    expect(picker.locator(".is-failed img[src]")).to_have_count(0)  # no broken picture
    across, below = (picker.locator(f".is-failed {part}").bounding_box() for part in ("img", "figcaption"))
    assert across and below and below["y"] >= across["y"] + across["height"] and below["width"] > across["width"]
    picker.get_by_role("button", name="删除照片 4").click()
    picker.get_by_role("button", name="删除照片 1").click()
    expect(picker.locator("[data-item]")).to_have_count(2)
    screen.assert_clean("photos")


def held_up(page: Page, held: list[Route]) -> Route:
    """The upload that stands at the closed gate: the browser tells of it a little after the page has begun it."""
    for _ in range(200):
        if held:
            return held.pop()
        page.wait_for_timeout(50)
    raise AssertionError("no upload was begun")


def test_a_form_sent_while_a_photo_goes_up_is_sent_when_it_is_there(open_screen: Opens, e2e_clock: FixedClock) -> None:
    screen = open_screen("sun", PHONE).refuses(422)
    page = screen.goto("/hazards/new")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    held: list[Route] = []
    submit = page.locator("main form [type=submit]").last
    toasts = page.locator("#toasts")

    def sent() -> list[str]:
        return [url for url in posts if "/hazards" in url and "_step=" not in url]

    page.route("**/files", lambda route: held.append(route))
    album(page, ("a.jpg", "image/jpeg", pictures.photo()))
    expect(page.locator("[data-uploading]")).to_have_count(1)
    submit.click()
    expect(toasts).to_contain_text("传完后自动提交")
    held_up(page, held).abort()  # the promise cannot be kept, and that is said
    expect(toasts).to_contain_text("请重试或删除后再提交")
    assert not sent()

    # what had failed before does not hold a form that is sent in spite of it
    album(page, ("b.jpg", "image/jpeg", pictures.photo(colour="brown")))
    expect(page.locator("[data-uploading]")).to_have_count(1)
    submit.click()
    route = held_up(page, held)
    expect(page.get_by_text("请填写").first).not_to_be_visible()
    assert not sent()
    route.continue_()
    expect(page.get_by_text("请填写").first).to_be_visible()  # sent, and refused for what was left empty
    assert len(sent()) == 1
    expect(page.locator("[data-photos] input[type=hidden]").first).to_be_attached()

    # an error is said until it is put right, not until the next time it is sent
    wrong = page.locator("textarea[aria-invalid], input.form-control[aria-invalid]:not([type=file])").first
    said = page.locator(f"[id='{wrong.get_attribute('id')}-err']")
    expect(said).to_be_visible()
    mended = page.locator(f"[id='{wrong.get_attribute('id')}']")
    mended.fill("消防通道被杂物堵住")
    expect(said).to_have_count(0)
    assert mended.get_attribute("aria-invalid") is None
    screen.assert_clean("photos-waited-for")
