"""Headless Chromium, spoken to over its debugging pipe, without any package."""

import contextlib
import json
import os
import shutil
import subprocess
import time

NAMES = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
PROGRAM = next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A page, and all that it logs."""

    def __init__(self, reader, writer):
        self._reader, self._writer, self._number = reader, writer, 0
        self._session, self._rest = None, b""
        self.logged = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Call a method of the protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._writer.write(json.dumps(message).encode() + b"\0")
        self._writer.flush()
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, url, width, *, dark=False):
        """Load a page into a window of a width."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + 30
        ready = "document.readyState === 'complete' && location.href !== 'about:blank'"
        while not self.value(ready):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def value(self, expression):
        """Evaluate an expression of the page's."""
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return got["result"]["value"]

    def _next(self):
        while b"\0" not in self._rest:
            part = os.read(self._reader.fileno(), 1 << 16)
            assert part, "the browser is gone"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        found = json.loads(message)
        if found.get("method") in (
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
        ):
            self.logged.append(found["params"])
        if found.get("method") == "Network.requestWillBeSent":
            url = found["params"]["request"]["url"]
            if not url.startswith(("file:", "data:", "about:")):
                self.logged.append(url)
        return found


@contextlib.contextmanager
def page(folder):
    """Start the browser, with a profile in a folder, and yield a page."""
    to_browser, ours = os.pipe()
    theirs, from_browser = os.pipe()[::-1]
    command = [
        PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
        f"--user-data-dir={folder}", "--no-first-run", "--disable-background-networking",
    ]  # fmt: skip
    # The browser reads from 3 and writes to 4.
    code = f'exec "$@" 3<&{to_browser} 4>&{theirs}'
    browser = subprocess.Popen(
        ["bash", "-c", code, "bash", *command],
        pass_fds=(to_browser, theirs),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(theirs)
    try:
        with os.fdopen(from_browser, "rb") as reader, os.fdopen(ours, "wb") as writer:
            opened = Page(reader, writer)
            yield opened
            opened._session = None
            opened.call("Browser.close")
    finally:
        browser.terminate()
        browser.wait(30)
