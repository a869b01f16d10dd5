"""The page at /ui in a real browser, on a real worker with real connectors: what it shows is what REST tells, what
its buttons do is what happens, and nothing that others have written gets out of hand.
"""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import pytest
import requests

import wait
from browser import Browser
from connect_rest import ConnectRest
from parts import ROOT
from rest_lines import SINK, Lines, started
from ui_page import UiPage
from workers import running

MOCK = "org.apache.kafka.connect.tools.MockSourceConnector"
ODD = ("<img src=x onerror=document.title='taken'>", "ü/%41\\'\"&amp;{}?#;=", "__proto__", "a  b-source")
MANY = 200


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


@pytest.fixture
def rest(runtime):
    return started(runtime, **{"offset.flush.interval.ms": 500})


@pytest.fixture
def page(browser, rest):
    browser.forget()
    return UiPage(browser, rest.url)


@pytest.fixture
def lines(runtime, kafka):
    """A pair by its names."""
    made = Lines(runtime, kafka)
    made.name, made.sink_name = f"{runtime.name}-source", f"{runtime.name}-sink"
    yield made
    made.quiet()


def _create(rest, name, config, **more):
    rest.expect(201, "POST", "/connectors", {"name": name, "config": config} | more)


def _starts(rest):
    """How many tasks the worker has tried to start."""
    name = "kafka_connect_worker_task_startup_attempts_total "
    return next(float(line.removeprefix(name)) for line in rest.call("GET", "/metrics").text.splitlines()
                if line.startswith(name))


def _computed(browser, selector, style):
    return browser.run("return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, style)


def test_a_pair_is_watched_and_driven(rest, page, browser, lines, name):
    lines.create(rest)
    lines.create_sink(rest)
    page.open()
    source = page.wait(lines.name, "running", state="RUNNING", tasks=["RUNNING"])
    assert source["card"] == name == page.wait(lines.sink_name, "running", tasks=["RUNNING"])["card"]
    assert source["type"] == "source" and source["worker"] in rest.url
    with lines.flowing():
        for one in (lines.name, lines.sink_name):
            page.wait(one, "a live chart", rate=lambda points: points >= 3,
                      numbers=lambda shown: not shown[0].startswith(("0/s", "–")) and "/s" in shown[0])
        page.wait(lines.sink_name, "its lag", lag=lambda points: points >= 3)
        browser.wait_text("#sum-connectors", "2")
        browser.point(page.button(lines.name, ".rate svg"), x=100)
        browser.wait_text(".rate figcaption", "s ago")

        assert page.press(lines.name, ".pause", confirm=False) == f"Pause {lines.name}?"
        assert not [url for method, url in browser.asked() if method != "GET"]
        page.press(lines.name, ".pause")
        rest.wait_state(lines.name, "PAUSED")
        page.wait(lines.name, "the pause", state="PAUSED", tasks=["PAUSED"], told=lambda told: "Pause asked for" in told)
        assert page.press(lines.name, ".pause") == f"Resume {lines.name}?"
        rest.wait_state(lines.name, "RUNNING")
        page.wait(lines.name, "running again", state="RUNNING", tasks=["RUNNING"])

        for button, question in ((".restart", f"Restart {lines.name} and all of its tasks?"),
                                 (".restart-task", f"Restart task 0 of {lines.name}?")):
            before = _starts(rest)
            assert page.press(lines.name, button) == question
            wait.until(lambda: _starts(rest) == before + 1, 30, "one more start")
            rest.wait_state(lines.name, "RUNNING")
        lines.wait_more_sunk()
    assert {urlsplit(url).netloc for _, url in browser.asked()} == {urlsplit(rest.url).netloc}
    assert not browser.complaints()


def test_errors_and_what_mends_them(rest, page, browser, lines, runtime, name):
    lines.create(rest)
    lines.out_path = runtime.folder / "not there yet" / "out.txt"
    lines.create_sink(rest)
    waits = f"{name} waits"
    _create(rest, waits, lines.source_config() | {"file": str(runtime.folder / "later.txt")})
    _create(rest, "broken plan", {"connector.class": MOCK, "mock_mode": "connector-failure"})
    page.open()
    seen = page.wait(lines.sink_name, "failed", tasks=["FAILED"])
    trace = rest.status(lines.sink_name)["tasks"][0]["trace"]
    assert seen["errors"] == [trace] and "not there yet" in trace
    page.wait("broken plan", "failed", state="FAILED", errors=lambda errors: "mock_mode" in errors[0])
    page.wait(waits, "its wait", waiting=lambda told: told and "later.txt" in told[0])
    browser.wait_text("#attention", "3")
    browser.click("#attention")
    wait.until(lambda: not browser.is_visible("#nothing") and browser.run(
        "return [...document.querySelectorAll('.card')].filter(one => !one.hidden).length") == 3, 30, "three cards")
    browser.click(page.button(lines.sink_name, ".task summary"))
    assert browser.run("return arguments[0].checkVisibility()", page.button(lines.sink_name, ".task pre"))

    lines.out_path.parent.mkdir()
    page.press(lines.sink_name, ".restart-task")
    rest.wait_state(lines.sink_name, "RUNNING")
    page.wait(lines.sink_name, "mended", tasks=["RUNNING"], errors=[])
    lines.write(10)
    lines.wait_sunk()
    rest.expect(204, "DELETE", f"/connectors/{quote(waits)}")
    wait.until(lambda: waits not in page.names(), 30, "the card gone")
    assert not browser.complaints()


def test_names_stay_text(rest, page, browser, lines):
    for at, odd in enumerate(ODD):
        _create(rest, odd, lines.source_config() | {"file": f"{lines.path}-{at}", "topic": f"{lines.topic}-{at}"})
    failing = {"connector.class": SINK, "topics": lines.topic, "file": "/<b onclick='alert(1)'>no</b>/such"}
    _create(rest, "<script>document.title='taken'</script>", failing)
    page.open()
    for odd in ODD:
        page.wait(odd, "running", tasks=["RUNNING"])
        page.press(odd, ".pause")
        wait.until(lambda: rest.status(quote(odd, safe=""))["connector"]["state"] == "PAUSED", 30, f"{odd} paused")
        page.wait(odd, "paused", state="PAUSED", told=lambda told: "asked for" in told)
    failed = page.wait("<script>document.title='taken'</script>", "failed", tasks=["FAILED"])
    assert "<b onclick=" in failed["errors"][0]
    assert sorted(page.names()) == sorted([*ODD, "<script>document.title='taken'</script>"])
    assert browser.run("return document.title") == "(1 failed) Kitestream"
    assert browser.run("return document.querySelectorAll('main img, main script, main b[onclick]').length") == 0
    assert not browser.complaints()


def test_logins(runtime, browser, kafka):
    (runtime.folder / "users").write_text("alice=wonderland\nbob=builder\n", encoding="utf-8")
    runtime.worker |= {"rest.auth.users.file": str(runtime.folder / "users"), "rest.auth.read.only": "bob"}
    runtime.start()
    runtime.wait_log("REST: listening")
    rest, alice, lines = ConnectRest(runtime.rest), {"auth": ("alice", "wonderland")}, Lines(runtime, kafka)
    assert rest.call("GET", "/ui/").status_code == 401
    wait.until(lambda: rest.call("GET", "/connectors", **alice).status_code == 200, 60, "the worker")
    rest.expect(201, "POST", "/connectors", {"name": lines.name, "config": lines.source_config()}, **alice)
    browser.forget()
    page = UiPage(browser, rest.url).open(rest.url.replace("://", "://bob:builder@") + "/ui/")
    page.wait(lines.name, "running", tasks=["RUNNING"], disabled=[False] * 3)
    browser.complaints()
    page.press(lines.name, ".pause")
    page.wait(lines.name, "a refusal", told=lambda told: "may only read" in told, disabled=[True] * 3)
    browser.wait_text("#banner", "The buttons are off: This login may only read")
    assert rest.call("GET", f"/connectors/{lines.name}/status", **alice).json()["connector"]["state"] == "RUNNING"
    assert all("403" in one for one in browser.complaints())


def test_a_worker_that_goes_away(rest, page, browser, lines, runtime):
    lines.create(rest)
    page.open()
    page.wait(lines.name, "running", tasks=["RUNNING"])
    runtime.kill()
    browser.wait_text("#banner", "does not answer. What is shown is of")
    assert browser.text("#live") == "away" and page.names() == [lines.name]
    runtime.start()
    browser.wait_text("#live", "live", 60)
    page.wait(lines.name, "running", tasks=["RUNNING"])
    assert not browser.is_visible("#banner")


def test_nobody_looks(rest, page, browser):
    page.open()
    browser.wait_text("#nothing", "No connectors yet")
    first = browser.window
    browser.new_tab()
    second, page = browser.window, UiPage(browser, rest.url).open()
    try:
        browser.wait_text("#live", "live")
        at_rest, at_work = len(browser.asked(first)), len(browser.asked(second))
        wait.until(lambda: len(browser.asked(second)) >= at_work + 4, 60, "more requests of the tab in front")
        assert len(browser.asked(first)) == at_rest
    finally:
        browser.run("window.close()")
        browser.show(first)
    wait.until(lambda: len(browser.asked(first)) > at_rest, 30, "the first tab to ask again")
    browser.wait_text("#live", "live")


def test_many_narrow_dark_and_by_keyboard(rest, page, browser, lines):
    def create(at):
        _create(rest, f"line {at}", lines.source_config(), initial_state="STOPPED")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(MANY)))
    page.open()
    browser.wait_text("#sum-connectors", str(MANY), 60)
    assert page.names() == [f"line {at}" for at in range(MANY)]
    browser.click("#filter")
    browser.press("1", "9", "9")
    shown = "return [...document.querySelectorAll('.card')].filter(one => one.checkVisibility()).length"
    wait.until(lambda: browser.run(shown) == 1, 30, "one card that fits the filter")

    light = _computed(browser, "body", "backgroundColor")
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert _computed(browser, "body", "backgroundColor") != light
    browser.devtools("Emulation.setDeviceMetricsOverride", width=360, height=700, deviceScaleFactor=1, mobile=False)
    assert browser.run("return document.documentElement.scrollWidth") <= 360
    browser.devtools("Emulation.clearDeviceMetricsOverride")
    browser.devtools("Emulation.setEmulatedMedia", features=[])

    browser.press("Tab", "Tab", "Enter")  # past the button that filters
    assert browser.text("#confirm h2") == "Resume line 199?"
    browser.press("Escape")
    assert not browser.is_visible("#confirm")
    browser.press("Enter", "Tab", "Enter")  # again; past Cancel
    rest.wait_state("line 199", "RUNNING")
    page.wait("line 199", "running", tasks=["RUNNING"])
    assert not browser.complaints()


@pytest.mark.full
def test_another_worker_runs_it(parts, runtime, browser, lines, name):
    with running(ROOT, parts, runtime) as workers:
        here, names = workers[0], [f"{name}-{at}" for at in range(8)]
        for at, one in enumerate(names):
            _create(here.api, one, lines.source_config() | {"file": f"{lines.path}-{at}"})
        owners = {one: here.api.wait_state(one, "RUNNING")["tasks"][0]["worker_id"] for one in names}
        away = next(one for one in names if owners[one] != here.worker_id)
        browser.forget()
        page = UiPage(browser, here.api.url).open()
        page.wait(away, "where it is", worker=owners[away], rate=0)
        link = page.button(away, ".elsewhere a")
        assert browser.run("return arguments[0].href", link) == f"http://{owners[away]}/ui/"
        browser.click(link)
        page.wait(away, "numbers on its own worker", rate=lambda points: points >= 2)
        assert browser.run("return location.host") == owners[away]


def test_policy_holds(page, browser):
    """Also for a script that got in somehow."""
    page.open()
    browser.wait_text("#live", "live")
    browser.run("""
        window.blocked = [];
        document.addEventListener('securitypolicyviolation', event => window.blocked.push(event.effectiveDirective));
        const inline = document.createElement('script');
        inline.textContent = "document.title = 'taken'";
        document.body.append(inline);
        document.body.insertAdjacentHTML('beforeend', "<img src=x onerror=document.title='taken'>");
        new Image().src = 'http://localhost:1/elsewhere';
        fetch('http://localhost:1/elsewhere').catch(() => {});""")
    wanted = ["connect-src", "img-src", "script-src-attr", "script-src-elem"]
    wait.until(lambda: sorted(browser.run("return window.blocked")) == wanted, 30, f"{wanted} blocked")
    assert any("Content Security Policy" in one for one in browser.complaints())
    assert browser.run("return document.title") == "Kitestream"


def test_headers(rest):
    answer = rest.call("GET", "/ui", allow_redirects=False)
    assert answer.status_code == 302 and answer.headers["Location"] == "ui/"
    answer = rest.call("GET", "/ui", headers={"Accept": "text/html"})
    assert answer.url == f"{rest.url}/ui/" and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert rest.call("HEAD", "/ui/").headers["ETag"] == answer.headers["ETag"]
    again = rest.call("GET", "/ui/", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    assert requests.post(f"{rest.url}/ui/", timeout=30).status_code == 405
