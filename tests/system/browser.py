"""Opens pages in Chromium without a window, for tests: DevTools protocol over a pipe, with nothing but Python's library.

    with browser.Browser() as chromium:
        page = chromium.open("page.html")
        assert page.evaluate("document.title") == "..."
        page.hover("#row1"); page.click("button"); page.type("#search", "text")
        page.check()            # no script errors, no warnings of the browser, nothing fetched

A test skips itself if no browser starts here: `browser.or_skip()` first."""
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120  # seconds; only a browser that hangs takes so long
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def find():
    """The browser's program, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def or_skip():
    """Ends the test as skipped if there is no browser, or none that comes up: containers may not let it."""
    if not find():
        print("no Chromium here")
        sys.exit(SKIPPED)
    try:
        with Browser() as chromium:
            chromium.call("Browser.getVersion")
    except (AssertionError, OSError) as error:
        print("Chromium does not start here:", error)
        sys.exit(SKIPPED)


class Browser:
    def __init__(self, width=1600, height=1000):
        self.folder = tempfile.TemporaryDirectory(prefix="jit161-browser-")
        commands, answers = os.pipe(), os.pipe()
        # Chromium reads commands at 3 and writes answers to 4. The pipes themselves may lie there.
        inside = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (commands[0], answers[1])]

        def place():
            os.dup2(inside[0], 3)
            os.dup2(inside[1], 4)

        options = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-extensions",
                   "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                   "--force-device-scale-factor=1", f"--window-size={width},{height}",
                   f"--user-data-dir={self.folder.name}"]
        if os.geteuid() == 0 or os.environ.get("CI"):
            options.append("--no-sandbox")  # it refuses root, and containers often lack what its sandbox needs
        self.log = open(os.path.join(self.folder.name, "log"), "w+b")
        self.process = subprocess.Popen([find(), *options, "about:blank"], stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, preexec_fn=place, pass_fds=(3, 4), start_new_session=True)
        for end in (commands[0], answers[1], *inside):
            os.close(end)
        self.output, self.input = commands[1], answers[0]
        self.rest, self.number, self.events = b"", 0, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.call("Browser.close")
        except (OSError, AssertionError):
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.output)
        os.close(self.input)
        self.log.close()
        for _ in range(20):  # its helpers may still be at their files
            try:
                self.folder.cleanup()
                break
            except OSError:
                time.sleep(0.2)

    def receive(self, until):
        """The next message."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.input], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self.input, 1 << 20)
            if not piece:
                self.log.seek(0)
                raise AssertionError("the browser ended: " + self.log.read().decode(errors="replace"))
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        """One command of the protocol, and its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.output, data):]
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.receive(until)
            if answer.get("id") == self.number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def wait(self, method, session):
        """Waits for an event."""
        until = time.monotonic() + PATIENCE
        while not any(e["method"] == method and e.get("sessionId") == session for e in self.events):
            event = self.receive(until)
            if "method" in event:
                self.events.append(event)

    def open(self, path):
        """A page of a file, loaded."""
        return Page(self, pathlib.Path(path).resolve().as_uri())


class Page:
    def __init__(self, browser, address):
        self.browser, self.address = browser, address
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(domain + ".enable")
        started = time.monotonic()
        self.call("Page.navigate", url=address)
        browser.wait("Page.loadEventFired", self.session)
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.load_seconds = time.monotonic() - started  # until something is painted

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression):
        """The value of a JavaScript expression; of a promise, what it becomes."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def settle(self):
        """Lets the page paint."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def middle(self, selector):
        """Where the first element that matches lies."""
        box = self.evaluate(f"""(() => {{ const found = document.querySelector({json.dumps(selector)});
            if (!found) return null;
            found.scrollIntoView({{block: 'nearest'}});
            const box = found.getBoundingClientRect();
            return [box.left + Math.min(box.width, 200) / 2, box.top + box.height / 2]; }})()""")
        assert box, f"no {selector} on the page"
        return {"x": box[0], "y": box[1]}

    def hover(self, selector):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", **self.middle(selector))
        self.settle()

    def click(self, selector):
        place = self.middle(selector)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", **place)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)
        self.settle()

    def type(self, selector, text):
        """Types into a field, in place of what is there."""
        self.evaluate(f"(f => {{ f.focus(); f.select(); }})(document.querySelector({json.dumps(selector)}))")
        self.call("Input.insertText", text=text)
        self.settle()

    def key(self, name):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name)
        self.settle()

    def picture(self, path):
        """What it looks like, as PNG."""
        import base64
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
        self.browser.events.clear()

    def check(self):
        """Fails on script errors, on what the browser complains of, and on anything fetched beside the page itself."""
        problems = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            method, about = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                problems.append(about["exceptionDetails"].get("exception", {}).get("description", str(about)))
            elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
                problems.append(f"console: {about['args']}")
            elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
                problems.append(f"log: {about['entry']['text']}")
            elif method == "Network.requestWillBeSent":
                address = about["request"]["url"]
                if address.split("#")[0] != self.address and not address.startswith(("data:", "blob:", "about:")):
                    problems.append(f"fetched {address}")
        assert not problems, "\n".join(problems)
