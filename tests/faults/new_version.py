"""A new version of the app as a browser sees it: another worker script, which keeps a file less than ours."""

import re

from playwright.sync_api import Page

from hvapp.settings import ROOT

# Installs the version that is now at hand, up to where it waits for the page to let it take over.
INSTALL_NEWER = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update();
  const newer = registration.installing ?? registration.waiting;
  while (newer.state !== "installed")
    await new Promise((done) => newer.addEventListener("statechange", done, { once: true }));
}"""
TAKE_OVER = """async () => {
  const { waiting } = await navigator.serviceWorker.getRegistration();
  waiting.postMessage({ type: "activate" });
}"""
# Its work at taking over ends with a request, which can be made to stand still.
SLOW_TO_TAKE_OVER = b"""
self.addEventListener("activate", (event) => event.waitUntil(fetch("/healthz?taking-over")));
"""


def newer_worker() -> bytes:
    ours = (ROOT / "static" / "dist" / "sw.js").read_text()
    theirs, changed = re.subn(r'\{url:"[^"]*/notices-\w+\.txt",revision:null\},', "", ours)
    assert changed == 1
    return theirs.encode() + SLOW_TO_TAKE_OVER


def kept_notices(page: Page) -> bool:
    """Whether the worker's store holds the file that the new version does without."""
    return bool(
        page.evaluate(
            """async () => {
              for (const name of await caches.keys())
                for (const { url } of await (await caches.open(name)).keys())
                  if (url.includes("/notices-")) return true;
              return false;
            }"""
        )
    )
