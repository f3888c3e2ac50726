"""The Web UI in headless Chromium, as people look at it. `python -m tests.end_to_end.web_ui` takes the docs' pictures.

Chromium comes from the system (Debian: apt-get install chromium); its own downloads are never used.
"""

import base64
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, Response, expect, sync_playwright

from cli.dev_server import web_ui
from tests.cli.home import ROOT, Home
from tests.patience import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PICTURES = ROOT / "docs" / "images"
CLUSTER = "orders"
BUILD = f"{CLUSTER}/provision"
GIVEN = "correct-horse-battery"
SUMMARY, DETAILS, CURRENT_DETAILS = (f"user-metadata-{name}" for name in ("summary", "details", "current-details"))
"""The frames in which the tab `user-metadata` renders Markdown."""

BROKEN = "Uh oh. There's an error."
"""On a busy machine the Web UI may show this in place of a page, and asks to be loaded again."""

POLL_MILLISECONDS = 100


class WebUi:
    """One browser window on a home's Web UI; `decoded` is what the codec endpoint told its pages."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.decoded: list[str] = []
        self._address = address
        page.on("response", self._keep)

    def open(self, workflow_id: str, tab: str) -> None:
        """Open a tab of a workflow's latest run."""
        workflow = f"namespaces/default/workflows/{quote(workflow_id, safe='')}"
        described = self.page.request.get(f"{self._address}/api/v1/{workflow}").json()
        run = described["workflowExecutionInfo"]["execution"]["runId"]
        self.page.goto(f"{self._address}/{workflow}/{run}/{tab}")

    def shows(self, text: str, frame: str | None = None) -> None:
        """Wait until the page, or one of its frames, shows a text."""
        place = self.page.frame_locator(f"#{frame}") if frame else self.page
        wanted, ends = place.get_by_text(text).first, time.monotonic() + PATIENCE
        while not wanted.is_visible() and time.monotonic() < ends:
            if self.page.get_by_text(BROKEN).is_visible():
                self.page.reload()
            self.page.wait_for_timeout(POLL_MILLISECONDS)
        expect(wanted).to_be_visible()

    @property
    def source(self) -> str:
        """Everything that is in the page now, seen or not."""
        return "\n".join(frame.content() for frame in self.page.frames)

    def _keep(self, response: Response) -> None:
        if "/decode" in response.url and response.ok and response.request.method == "POST":
            payloads = json.loads(response.body())["payloads"]
            self.decoded += [base64.b64decode(payload["data"]).decode() for payload in payloads if "data" in payload]


@contextmanager
def window(home: Home) -> Iterator[WebUi]:
    """Open a browser of its own: what another one has seen or stored is not there."""
    address = web_ui(home.state_dir)
    assert address is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        try:
            yield WebUi(browser.new_page(viewport={"width": 1440, "height": 1540}), address)
        finally:
            browser.close()


def build(home: Home, members: int) -> None:
    """Build a cluster of so many members, with a user whose password is given and one whose password is derived."""
    home.done("up")
    users = ("--user", "app", "--user", "reader", "--passwords", "-")
    home.done("create", CLUSTER, "--nodes", str(members), "--database", "shop", *users, stdin=f"app:{GIVEN}\n")


def take_pictures(home: Home, folder: Path) -> None:
    """Write the pictures that the docs show."""
    with window(home) as ui:
        ui.open(BUILD, "timeline")
        ui.page.get_by_role("button", name="Descending").click()
        ui.shows(f"{CLUSTER}: databases, users, every member in place")
        ui.page.screenshot(path=folder / "web-ui.png")
        ui.open(CLUSTER, "user-metadata")
        for frame, text in ((SUMMARY, CLUSTER), (DETAILS, CLUSTER), (CURRENT_DETAILS, "ACTIVE")):
            ui.shows(text, frame)
        ui.page.screenshot(path=folder / "web-ui-members.png", clip={"x": 0, "y": 0, "width": 1440, "height": 740})


def main() -> None:
    """Build the cluster in a home of its own, take the pictures, and leave nothing else behind."""
    if CHROMIUM is None:
        sys.exit("no Chromium is found on PATH: install it (on Debian: apt-get install chromium)")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        home = Home(Path(directory))
        try:
            build(home, 3)
            take_pictures(home, PICTURES)
        finally:
            home.close()


if __name__ == "__main__":
    main()
