"""The browser's share of a page: Chromium with its processor slowed four times, on a page it sees for the first time
and on one whose style sheet and scripts it has kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests.bench.serving import Server
from tests.browser import installed

SLOWED = 4
ROUNDS = 7
OBSERVE = """
window.shifted = 0; window.painted = 0;
new PerformanceObserver(list => { for (const e of list.getEntries()) window.shifted += e.value })
  .observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(list => { for (const e of list.getEntries()) window.painted = e.startTime })
  .observe({type: 'largest-contentful-paint', buffered: true});
"""
TIMES = """() => {
  const page = performance.getEntriesByType('navigation')[0], rest = performance.getEntriesByType('resource');
  return {usable: page.domContentLoadedEventEnd, server: page.responseStart, loaded: page.loadEventEnd,
    painted: window.painted, shifted: window.shifted, html: page.decodedBodySize,
    sent: [page, ...rest].reduce((sum, entry) => sum + entry.transferSize, 0)};
}"""


@dataclass(frozen=True)
class Seen:
    """Milliseconds until the page can be used and its largest part is seen, of script; the shift; bytes."""

    usable: float
    painted: float
    script: float
    shifted: float
    html: int
    sent: int


def seen(server: Server, addresses: Sequence[str]) -> dict[str, tuple[Seen, Seen]]:
    """Each page as it is seen first, and again."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=["--no-sandbox", "--disable-gpu"])
        try:
            return {address: _rounds(browser, server, address) for address in addresses}
        finally:
            browser.close()


def _rounds(browser: Browser, server: Server, address: str) -> tuple[Seen, Seen]:
    both = [_first_and_again(browser, server, address) for _round in range(ROUNDS)]
    first, again = (_middle([pair[at] for pair in both]) for at in (0, 1))
    return first, again


def _first_and_again(browser: Browser, server: Server, address: str) -> tuple[Seen, Seen]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    name, _, value = server.cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": f"http://127.0.0.1:{server.port}/"}])
    context.add_init_script(OBSERVE)
    page = context.new_page()
    control = context.new_cdp_session(page)
    control.send("Performance.enable")
    control.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    found = []
    for _time in range(2):
        before = _script(control)
        page.goto(f"http://127.0.0.1:{server.port}{address}", wait_until="load")
        page.wait_for_timeout(300)
        times: dict[str, Any] = page.evaluate(TIMES)
        found.append(
            Seen(
                times["usable"],
                times["painted"],
                max(0.0, _script(control) - before),
                times["shifted"],
                int(times["html"]),
                int(times["sent"]),
            )
        )
        page.goto("about:blank")
    context.close()
    return found[0], found[1]


def _script(control: CDPSession) -> float:
    """Milliseconds of script the page has run so far; counted on from page to page where the process stays the same."""
    metrics = {entry["name"]: entry["value"] for entry in control.send("Performance.getMetrics")["metrics"]}
    return float(metrics["ScriptDuration"]) * 1000


def _middle(rounds: Sequence[Seen]) -> Seen:
    values = {name: median(getattr(entry, name) for entry in rounds) for name in vars(rounds[0])}
    return Seen(**values | {"shifted": max(entry.shifted for entry in rounds)})
