"""What the browser walks stand on: the served application, a screen that tolerates no error, and the four looks."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, expect
from waitress.server import create_server
from waitress.wasyncore import close_all

from app.db import write_transaction
from app.web import WebSession
from app.web.sessions import COOKIE, hash_key
from tests.cast import member

# With a folder here, every checked screen is kept as a picture, to be laid beside the design.
SHOTS = os.environ.get("DUBAN_SHOTS")


@dataclass(frozen=True)
class Look:
    """A width, a colour and a language in which a screen must hold."""

    width: int
    theme: str
    locale: str

    def __str__(self) -> str:
        return f"{self.width}-{self.theme}-{'en' if self.locale == 'en' else 'zh'}"

    @property
    def phone(self) -> bool:
        return self.width < 600


# Every pair of width, colour and language stands together once; all eight would cost twice the time.
LOOKS = (
    Look(1440, "light", "zh_Hans_CN"),
    Look(390, "light", "en"),
    Look(1440, "dark", "en"),
    Look(390, "dark", "zh_Hans_CN"),
)
# axe takes most of a look's time, and what it finds depends on width and colour, not on the language.
AXE = (LOOKS[0], LOOKS[3], Look(390, "light", "zh_Hans_CN"))
AXE_SCRIPT = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
# Eight months of a calendar, of 35 numbers each, look like the four before them: their contrast took five seconds.
ALIKE = ".db-cal-month:nth-child(n+5)"
# Two frames and a little: whatever was about to be drawn or asked for has been.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 40))))"
# Milliseconds that a page may take on a machine that does other work beside; nobody waits for it where all is well.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE / 2)
DESKTOP, PHONE = LOOKS[0], Look(390, "light", "zh_Hans_CN")


class Served:
    """The application behind waitress on a loopback port, in a thread of this process.

    One application after the other has the same port where it is still free: to the browser they are one place, whose
    style sheets and scripts it has read and compiled.
    """

    _port = 0

    def __init__(self, app: Flask) -> None:
        self.app = app
        try:
            self._server = create_server(app, host="127.0.0.1", port=Served._port, threads=8)
        except OSError:
            self._server = create_server(app, host="127.0.0.1", port=0, threads=8)
        Served._port = self._server.effective_port
        self.url = f"http://127.0.0.1:{Served._port}"
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """At once, also where a window of the browser keeps its connection: it may last longer than the server."""
        self._server.trigger.pull_trigger(lambda: close_all(self._server._map))
        self._thread.join(timeout=10)
        assert not self._thread.is_alive()
        self._server.task_dispatcher.shutdown()

    def tick(self) -> None:
        """What the worker does every two seconds: due timers, then waiting messages."""
        with self.app.app_context():
            engine = self.app.extensions["duban.engine"]
            engine.run_due_timers()
            engine.deliver_outbox()

    def session_cookie(self, key: str) -> str:
        """A browser session in which that person of the cast is signed in."""
        secret, now = secrets.token_urlsafe(24), dt.datetime.now(dt.UTC)
        user_key = member(key).fs_uniquifier
        stored = WebSession(
            id=hash_key(secret),
            user_key=user_key,
            data={"_user_id": user_key, "_fresh": True},
            browser="walk",
            created_at=now,
            seen_at=now,
        )
        with self.app.extensions["duban.sessions"]() as session, write_transaction(session):
            session.add(stored)
        return secret


@dataclass
class Screen:
    """One browser window. `problems` collects what a person would never see and must never be there."""

    page: Page
    url: str
    look: Look
    leave: Callable[[], None]
    problems: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)  # statuses that the walk provokes on purpose
    asked: int = 0
    under_way: set[Request] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._heard: dict[str, Callable[[Any], None]] = {
            "request": self._request,
            "requestfinished": self._answered,
            "requestfailed": self._answered,
            "console": self._console,
            "pageerror": lambda error: self.problems.append(f"page error: {error}"),
            "response": self._response,
        }
        for event, hears in self._heard.items():
            self.page.on(event, hears)  # type: ignore[call-overload]

    def _request(self, request: Request) -> None:
        self.asked += 1
        self.under_way.add(request)

    def _answered(self, request: Request) -> None:
        self.under_way.discard(request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # The browser itself notes every answer from 400 on; `_response` judges those by their status.
        if not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console {message.type}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refusals:
            self.problems.append(f"{response.status} {response.request.method} {response.url}")

    def close(self) -> None:
        """What a person does who closes the window; a second time is once too often and does nothing."""
        if self._heard:
            self.page.evaluate("0")  # what the page has complained of until now has arrived before this has
            for event, hears in self._heard.items():
                self.page.remove_listener(event, hears)
            self._heard.clear()
            self.leave()

    def goto(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def refuses(self, *statuses: int) -> Screen:
        """The walk does something wrong on purpose and expects these answers."""
        self.refusals.update(statuses)
        return self

    def signed_in(self, served: Served, person: str | None) -> Screen:
        """Another person in the same window: a new one would read and compile all scripts again."""
        context = self.page.context
        context.clear_cookies(name=COOKIE)
        if person is not None:
            context.add_cookies([{"name": COOKIE, "value": served.session_cookie(person), "url": served.url}])
        return self

    def settle(self) -> None:
        """Until the page is drawn and has everything it asked for; 'networkidle' always costs half a second."""
        deadline = time.monotonic() + 10
        quiet = False
        while not quiet:  # from one end to the other: what has just arrived may ask for more
            before, idle = self.asked, not self.under_way
            self.page.evaluate(DRAWN)
            quiet = idle and not self.under_way and self.asked == before
            assert quiet or time.monotonic() < deadline, (
                f"{self.page.url} waits for {[one.url for one in self.under_way]}"
            )

    def check(self, name: str) -> None:
        """The screen as it stands: no error, nothing cut off at the side, no serious or critical axe finding."""
        page = self.page
        self.settle()
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f"{SHOTS}/{name}-{self.look}.png", full_page=True)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= self.look.width, f"{name} is {width} px wide on a screen of {self.look.width}: {self._wide()}"
        if self.look in AXE:
            assert not (found := axe_findings(page)), f"{name} ({self.look}):\n" + "\n".join(found)
        self.assert_clean(name)

    def _wide(self) -> list[str]:
        """The elements that stick out, for the message."""
        script = """() => [...document.querySelectorAll('main *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 5).map(e => e.tagName + '.' + e.className)"""
        return [str(text) for text in self.page.evaluate(script)]

    def assert_clean(self, name: str = "") -> None:
        assert not self.problems, f"{name} ({self.look}): {self.problems}"


# Contrast is two thirds of what axe takes. Elements that look alike, themselves and all that is around them, have the
# same: where one has been measured and is enough, the others of the page pass with it. Whatever is not enough, or could
# not be measured, speaks for nobody else.
ALIKE_ONCE = """
(() => {
  const LOOKS = ["color", "backgroundColor", "backgroundImage", "opacity", "fontSize", "fontWeight", "textShadow", "filter",
    "mixBlendMode", "position", "zIndex", "transform", "webkitTextFillColor"];
  const check = axe._audit.checks["color-contrast"], measure = check.evaluate;
  const rule = axe._audit.rules.find((rule) => rule.id === "color-contrast"), matches = rule.matches;
  const words = (node) => [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
  let numbers, kinds, asked, later, enough;
  const kind = (node) => {
    if (!node) return 0;
    if (!kinds.has(node)) {
      const style = getComputedStyle(node);
      const key = [kind(node.parentElement), node.tagName, node.getAttribute("class"), ...LOOKS.map((name) => style[name])].join();
      if (!numbers.has(key)) numbers.set(key, numbers.size + 1);
      kinds.set(node, numbers.get(key));
    }
    return kinds.get(node);
  };
  // Whether contrast matters for an element is asked once of those that look alike, and of the others when it comes to
  // measuring them.
  rule.matches = function (node, ...rest) {
    const its = words(node) ? kind(node) : 0;
    if (asked.has(its)) return Boolean(later.set(node, () => matches.call(this, node, ...rest)));
    const found = matches.call(this, node, ...rest);
    if (found && its) asked.add(its);
    return found;
  };
  check.evaluate = function (node, ...rest) {
    const its = kind(node);
    if (enough.has(its) || (later.has(node) && !later.get(node)())) return true;
    let ratio = null;
    const says = Object.create(this, {data: {value: (data) => { ratio = data?.contrastRatio; this.data(data); }}});
    const result = measure.call(says, node, ...rest);
    if (result === true && ratio) enough.add(its);
    return result;
  };
  window.axeBegins = () => { [numbers, kinds, later] = [new Map(), new Map(), new Map()]; [asked, enough] = [new Set(), new Set()]; };
})()"""
# Only violations are told: describing every element that passed takes longer than finding those that do not. Rules
# whose findings can only be slight are not asked where those are left out.
AXE_RUN = """([within, slight, alike]) => {
  const left = slight ? [] : axe._audit.rules.filter(rule => ['minor', 'moderate'].includes(rule.impact));
  const rules = Object.fromEntries(left.map(rule => [rule.id, {enabled: false}]));
  axeBegins();
  return axe.run(within ?? {exclude: [[alike]]}, {resultTypes: ['violations'], rules}).then(result => result.violations);
}"""


def axe_findings(page: Page, *, within: str | None = None, slight: bool = False) -> list[str]:
    """Serious and critical findings, or also the slight ones, each with the elements it is about."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT + ALIKE_ONCE)
    violations: list[dict[str, Any]] = page.evaluate(AXE_RUN, [within, slight, ALIKE])
    return [
        f"{found['impact']} {found['id']}: {found['help']} {[node['html'][:160] for node in found['nodes'][:4]]}"
        for found in violations
        if slight or found["impact"] in ("serious", "critical")
    ]


class Windows:
    """The browser windows of a test process. One test after the other has the same, as clean as a new one.

    A new window would have to fetch, read and compile style sheets and scripts and install the service worker: more
    than a second of a processor. What the last one left, its cookies and what its pages stored, is taken away.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[Look, list[BrowserContext]] = {}

    def open(self, served: Served, person: str | None, look: Look) -> Screen:
        """A window of its own: the look by viewport and cookies, the person by a stored session."""
        free = self._free.get(look)
        context = free.pop() if free else new_context(self._browser, look)
        page = context.pages[0] if context.pages else context.new_page()
        screen = Screen(page, served.url, look, lambda: self._take_back(context, served.url, look))
        dress(context, served, person, look)
        return screen

    def _take_back(self, context: BrowserContext, url: str, look: Look) -> None:
        kept = {"origin": url, "storageTypes": "local_storage,indexeddb"}
        first, *others = context.pages
        for page in others:
            page.close()
        first.unroute_all()
        first.goto("about:blank")
        session = context.new_cdp_session(first)
        session.send("Storage.clearDataForOrigin", kept)
        session.detach()
        context.clear_cookies()
        self._free.setdefault(look, []).append(context)


def new_context(browser: Browser, look: Look) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": look.width, "height": 844 if look.phone else 900},
        is_mobile=look.phone,
        has_touch=look.phone,
        locale="en-GB" if look.locale == "en" else "zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    return context


def dress(context: BrowserContext, served: Served, person: str | None, look: Look) -> None:
    cookies = {"theme": look.theme, "lang": look.locale}
    if person is not None:
        cookies[COOKIE] = served.session_cookie(person)
    context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies.items()])


def new_screen(browser: Browser, served: Served, person: str | None, look: Look) -> Screen:
    """A window that nobody has had before nor has afterwards."""
    context = new_context(browser, look)
    dress(context, served, person, look)
    return Screen(context.new_page(), served.url, look, context.close)


Opens = Callable[..., Screen]  # open_screen(person=None, look=DESKTOP)
_HAN = re.compile(r"[\u4e00-\u9fff]+")


def chinese_in(page: Page) -> list[str]:
    """Chinese text of the page's own making that is visible in English mode; names and free text are data."""
    text = page.evaluate(
        """() => { const out = [];
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) { const node = walk.currentNode, box = node.parentElement;
          if (!box.closest('script, style, [data-text], .db-brand, [lang]:not(html)')) out.push(node.textContent); }
        return out.join('\\n'); }"""
    )
    return _HAN.findall(str(text))
