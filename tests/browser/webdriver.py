"""Chromium, driven through chromedriver: W3C WebDriver (https://www.w3.org/TR/webdriver2/) is HTTP and JSON, and this is the
little of it that our tests use. The browser has a profile of its own and goes nowhere but to the page."""

import base64
import http.client
import json
import os
import re
import subprocess
import tempfile

import rig

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key under which WebDriver names elements
TAB, ENTER, SPACE, SHIFT, CONTROL = "\ue004", "\ue007", " ", "\ue008", "\ue009"
WAIT_S = 20.0


class Fault(Exception):
    """What WebDriver calls an error."""


class Element:
    def __init__(self, browser, number):
        self.browser, self.number = browser, number

    def ask(self, method, path, body=None):
        return self.browser.ask(method, f"/element/{self.number}{path}", body)

    def click(self):
        self.ask("POST", "/click", {})

    def find_all(self, css):
        """Those within it."""
        found = self.ask("POST", "/elements", {"using": "css selector", "value": css})
        return [Element(self.browser, one[ELEMENT]) for one in found]

    def write(self, text):
        """Instead of what is there."""
        self.ask("POST", "/clear", {})
        self.ask("POST", "/value", {"text": text})

    def text(self):
        return self.ask("GET", "/text")

    def property(self, name):
        return self.ask("GET", f"/property/{name}")

    def attribute(self, name):
        return self.ask("GET", f"/attribute/{name}")

    def shown(self):
        return self.ask("GET", "/displayed")


class Browser:
    def __init__(self, folder, language="en", script=True, size=(1200, 1000), more=()):
        self.session = None
        self.profile = tempfile.mkdtemp(prefix="profile-", dir=folder)
        self.process, port = self.start_driver()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        prefs = {"intl.accept_languages": language}
        if not script:
            prefs["profile.managed_default_content_settings.javascript"] = 2
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                     "--disable-background-networking", "--disable-component-update",
                     "--disable-dev-shm-usage", "--remote-debugging-pipe",  # so it ends with its driver
                     f"--user-data-dir={self.profile}",
                     f"--lang={language}", f"--window-size={size[0]},{size[1]}", *more]
        wanted = {"browserName": "chrome", "unhandledPromptBehavior": "accept",
                  "goog:chromeOptions": {"args": arguments, "prefs": prefs}}
        self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def start_driver(self):
        """Any port that is free; it wants the same one in IPv4 and IPv6, and may have to try again."""
        for turn in range(10):
            log = os.path.join(self.profile, f"chromedriver-{turn}.log")
            with open(log, "ab") as out:  # where it says its port
                process = rig.Process(["chromedriver", "--port=0"], log, stdin=subprocess.DEVNULL, stdout=out)
            try:
                return process, int(process.logged(r"started successfully on port (\d+)").group(1))
            except AssertionError:
                if "port not available" not in process.log():
                    raise
        raise AssertionError("chromedriver finds no port")

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        value = json.loads(answer.read())["value"]
        if answer.status != 200:
            raise Fault(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def ask(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    def close(self):
        try:
            if self.session:
                self.ask("DELETE", "")
        finally:
            self.connection.close()
            self.process.kill()

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def url(self):
        return self.ask("GET", "/url")

    def find_all(self, css):
        found = self.ask("POST", "/elements", {"using": "css selector", "value": css})
        return [Element(self, one[ELEMENT]) for one in found]

    def find(self, css):
        found = self.find_all(css)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} of '{css}' at {self.url()}:\n{self.text()}")
        return found[0]

    def link(self, text):
        found = self.ask("POST", "/elements", {"using": "partial link text", "value": text})
        if not found:
            raise AssertionError(f"no link '{text}' at {self.url()}:\n{self.text()}")
        return Element(self, found[0][ELEMENT])

    def focused(self):
        return Element(self, self.ask("GET", "/element/active")[ELEMENT])

    def text(self):
        return self.find("body").text()

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script, *arguments):
        return self.ask("POST", "/execute/async", {"script": script, "args": list(arguments)})

    def press(self, *keys, held=None):
        """Keys, one after the other, to whatever has the focus."""
        actions = [{"type": "keyDown", "value": held}] if held else []
        for key in keys:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        if held:
            actions.append({"type": "keyUp", "value": held})
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def screenshot(self, path):
        """All of the page, however long it is."""
        height = self.run("return document.documentElement.scrollHeight")
        before = self.ask("GET", "/window/rect")
        self.ask("POST", "/window/rect", {"width": before["width"], "height": max(height + 150, 600)})
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", "/screenshot")))
        self.ask("POST", "/window/rect", {"width": before["width"], "height": before["height"]})

    def see(self, pattern, patience_s=WAIT_S, reload=False):
        """The match of @pattern in what the page shows, once it is there."""
        def look():
            if reload:
                self.ask("POST", "/refresh", {})
            try:
                return re.search(pattern, self.text())
            except (Fault, AssertionError):  # the page went away while we looked
                return None
        try:
            return rig.wait_for(look, f"'{pattern}' on the page", patience_s)
        except AssertionError as waited:
            raise AssertionError(f"{waited}; it shows:\n{self.text()}") from None
