"""Headless Chromium, through chromedriver's own protocol (W3C WebDriver over HTTP).

In: an address, elements by what a reader sees; out: what is on the page, what the page asked for and what it
complained of. Clicks and keys are those of the browser, not of scripts. Both programs are Debian's packages
chromium and chromium-driver, of one version.
"""

import base64
import json
import os
import subprocess

import requests

import wait
from kitestream import free_port

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver marks one
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c"}
ARGUMENTS = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--disable-component-update", "--disable-extensions", "--no-first-run", "--no-default-browser-check",
             "--disable-sync", "--mute-audio", "--window-size=1280,1000"]


class Browser:
    """One window at first; close() ends it with its driver."""

    def __init__(self, folder):
        self._log = open(folder / "chromedriver.log", "wb")
        self._url = f"http://127.0.0.1:{free_port()}"
        self._driver = subprocess.Popen(["chromedriver", f"--port={self._url.rsplit(':', 1)[1]}"], stdout=self._log,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self._session, self._asked = None, []
        try:
            wait.until(self._is_ready, 60, "chromedriver")
            arguments = ARGUMENTS + (["--no-sandbox"] if os.getuid() == 0 else [])
            options = {"binary": "/usr/bin/chromium", "args": arguments}
            logs = {"browser": "ALL", "performance": "ALL"}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
            self._session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def _is_ready(self):
        try:
            return requests.get(f"{self._url}/status", timeout=10).json()["value"]["ready"]
        except requests.ConnectionError:
            return False

    def _call(self, method, path, body=None):
        answer = requests.request(method, self._url + path, json=body, timeout=120).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(f"{path}: {answer['error']}: {answer['message'][:1000]}")
        return answer

    def _ask(self, method, path, body=None):
        return self._call(method, f"/session/{self._session}{path}", body)

    def close(self):
        try:
            if self._session:
                self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(30)
            self._log.close()

    # Pages

    def open(self, url):
        self._ask("POST", "/url", {"url": url})
        return self

    def forget(self):
        """Leaves what is open, and what is known of it."""
        self.open("about:blank").complaints()
        self.asked()
        self._asked.clear()

    @property
    def window(self):
        return self._ask("GET", "/window")

    def new_tab(self):
        """In front of the others."""
        self._ask("POST", "/window", {"handle": self._ask("POST", "/window/new", {"type": "tab"})["handle"]})

    def show(self, window):
        self._ask("POST", "/window", {"handle": window})

    def resize(self, width, height):
        self._ask("POST", "/window/rect", {"width": width, "height": height})

    def devtools(self, command, **parameters):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    # What is on it

    def run(self, script, *arguments):
        """The value that the script's body returns; elements come back as they can be given to click()."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        return self.run("return document.querySelector(arguments[0])", selector)

    def text(self, selector):
        """What a reader sees of the first one; None: there is none."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? null", selector)

    def is_visible(self, selector):
        return self.run("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def wait_text(self, selector, part, deadline_s=30):
        def is_there():
            text = self.text(selector)
            assert part in (text or ""), text
            return text
        return wait.until(is_there, deadline_s, f"“{part}” in {selector}")

    # What a reader does

    def click(self, element):
        element = self.find(element) if isinstance(element, str) else element
        self._ask("POST", f"/element/{element[ELEMENT]}/click", {})

    def press(self, *keys):
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def point(self, element, x=0, y=0):
        """At an offset from its middle."""
        move = {"type": "pointerMove", "origin": element, "x": x, "y": y, "duration": 0}
        self._ask("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    # What it did

    def complaints(self):
        """Errors and warnings in the console since the last call: scripts, blocked and failed requests."""
        return [one["message"] for one in self._ask("POST", "/se/log", {"type": "browser"})
                if one["level"] in ("SEVERE", "WARNING")]

    def asked(self, window=None):
        """(method, URL) of every request so far, of all windows or of one."""
        for one in self._ask("POST", "/se/log", {"type": "performance"}):
            entry = json.loads(one["message"])
            if entry["message"]["method"] == "Network.requestWillBeSent":
                request = entry["message"]["params"]["request"]
                self._asked.append((entry["webview"], request["method"], request["url"]))
        return [(method, url) for where, method, url in self._asked if window in (None, where)]
