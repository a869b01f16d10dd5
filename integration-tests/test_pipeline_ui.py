"""A real Milvus pipeline on the page at /ui: rows that flow show as numbers and lines. With KITESTREAM_SCREENSHOT=FILE
the picture in docs/ui is made anew, of a pipeline called books.
"""

import os
import pathlib
import threading

import pytest

from browser import Browser
from connect_rest import ConnectRest
from samples import create, row
from ui_page import UiPage

PICTURE = os.environ.get("KITESTREAM_SCREENSHOT")
POINTS = 30 if PICTURE else 3
BATCH, PAUSE_S = 50, 0.05


@pytest.fixture
def name(name):
    """As a reader would call it."""
    return "books" if PICTURE else name


@pytest.fixture
def browser(folder):
    opened = Browser(folder)
    yield opened
    opened.close()


class Rows:
    """Flow into a collection of the source until the end of the block."""

    def __init__(self, collection):
        self._collection, self._stop, self.keys = collection, threading.Event(), 0
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.wait(PAUSE_S):
            self._collection.insert([row(self.keys + at) for at in range(BATCH)])
            self.keys += BATCH

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def test_rows_are_seen(pipeline, browser, name):
    rest = ConnectRest(pipeline.kitestream.rest).wait_up()
    page = UiPage(browser, rest.url).open()
    with Rows(create(pipeline.source, name, loaded=True)) as rows:
        for connector in (f"{name}-source", f"{name}-sink"):
            page.wait(connector, "its numbers", tasks=["RUNNING"], rate=lambda points: points >= POINTS,
                      lag=lambda points: points >= POINTS,
                      numbers=lambda shown: "/s · lag " in shown[0] and not shown[0].startswith("0/s"))
        assert page.read(f"{name}-sink")["card"] == name
        if PICTURE:
            _picture(browser, pathlib.Path(PICTURE))
    pipeline.same_rows(name, keys=range(rows.keys))
    assert not browser.complaints()


def _picture(browser, path):
    browser.devtools("Emulation.setDeviceMetricsOverride", width=1200, height=600, deviceScaleFactor=1, mobile=False)
    browser.screenshot(path)
