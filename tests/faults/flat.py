"""One server, one line and one tablet's profile on disk, which can all be put back to where they were."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from sqlalchemy import create_engine, text

from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.extensions import db
from hvapp.settings import ROOT, Settings
from tests.support.proxy import PASS, ByteProxy, Fault, Heard, Hold
from tests.support.servers import free_port, web_server
from tests.support.world import make_world

# What the tablet has on its disk, past all of its own code.
READ_DISK = """
async () => {
  const open = (name) => new Promise((done, fail) => {
    const asked = indexedDB.open(name);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const database = await open("hvapp");
  const rows = (store) => new Promise((done, fail) => {
    const asked = database.transaction(store).objectStore(store).getAll();
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  try {
    const [outbox, drafts] = await Promise.all([rows("outbox"), rows("drafts")]);
    return JSON.stringify({
      outbox: outbox.map(({ id, seq, state, sha256 }) => ({ id, seq, state, sha256 })),
      drafts: drafts.map(({ id }) => id),
    });
  } finally {
    database.close();
  }
}
"""


class Gate:
    """The line's policy: the next request to `path` stands still where it is told to; all else passes.

    With a `newer_worker` the line gives that in the place of the app's own: to the browser, a new version.
    """

    def __init__(self) -> None:
        self.open()

    def open(self) -> None:
        self.path = ""
        self.fault = PASS
        self.newer_worker = b""

    def __call__(self, heard: Heard) -> Fault:
        if heard.path == "/sw.js" and self.newer_worker:
            script = (("Content-Type", "text/javascript"), ("Service-Worker-Allowed", "/"))
            return Fault("answer", status=200, headers=script, body=self.newer_worker)
        if not self.path or self.path not in heard.path:
            return PASS
        self.path = ""
        return self.fault

    def stop_next(self, path: str, kind: str, part: float) -> Hold:
        """`kind`: hold_request or hold_answer. The hold tells when that request stands still."""
        hold = Hold()
        self.fault = Fault(kind, part=part, hold=hold)
        self.path = path
        return hold


class Flat:
    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        if not (root / "static" / "dist" / "manifest.json").is_file():
            raise AssertionError("the browser files are not built: run ./hv test, or hvapp assets")
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        settings = Settings(
            secret_key="only for tests",
            database_url=f"sqlite:///{self.home / 'hvapp.db'}",
            secure_cookies=False,
        )
        (self.home / "secret.key").write_text(settings.secret_key)
        app = create_app(settings)
        upgrade(app)
        with app.app_context():
            self.world = make_world(db.session)
            db.session.remove()
            db.engine.dispose()
        self.port = free_port()
        self.gate = Gate()
        self.line = ByteProxy(self.port, self.gate)
        self.server = web_server(self.home, self.port, root=root, forked=root == ROOT).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.line.port}"

    def close(self) -> None:
        self.server.stop()
        self.line.stop()

    # Putting things back

    def keep(self, name: str, profile: Path) -> None:
        """Remembers the tablet's profile and the server's records as they are. Both must have been stopped."""
        shutil.copytree(profile, self.folder / name / "profile", symlinks=True, ignore=_locks)
        shutil.copytree(self.home, self.folder / name / "home")

    def put_back(self, name: str, profile: Path) -> None:
        """Afterwards the server does not run."""
        self.server.kill()
        for kept, place in (("profile", profile), ("home", self.home)):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(self.folder / name / kept, place, symlinks=True)
        self.gate.open()

    # What is where

    def revisions(self) -> list[dict[str, Any]]:
        engine = create_engine(f"sqlite:///{self.home / 'hvapp.db'}")
        try:
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT id, sha256, device_seq FROM revision"))
                return [dict(row._mapping) for row in rows]
        finally:
            engine.dispose()


def _locks(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("Singleton")]


def on_disk(page: Page) -> dict[str, Any]:
    return dict(json.loads(page.evaluate(READ_DISK)))


def wait_until(what: Callable[[], bool], why: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError(why)
        time.sleep(0.05)
