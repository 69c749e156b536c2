"""A photo from the camera to the supervisor: taken with no signal, killed half-way up, gone on with, shown."""

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, text

from hvapp.settings import ROOT
from tests.faults.flat import Flat, wait_until
from tests.faults.search import find_words
from tests.support.browser import DESK, Browser, violations
from tests.support.proxy import PASS, Fault, Heard, Hold
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

NAME = "Maya Marlow"
PASSPHRASE = "zealous qxvanilla heron"
CAPTION = "Red mark on the left arm wqkestrelphoto"
CAMERA_NOTE = "wqcameranote"

BUILD = """
from hvapp import build
from hvapp.app import create_app
from hvapp.settings import Settings
settings = Settings.from_env()
build.build(create_app(settings), settings, print)
"""

# A picture that does not pack well, larger than what is kept of it.
DRAW = """
() => new Promise((done) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 2400, height: 1200 });
  const pen = canvas.getContext("2d");
  for (let at = 0; at < 9000; at += 1) {
    pen.fillStyle = `hsl(${(at * 47) % 360} 80% ${(at * 31) % 100}%)`;
    pen.fillRect((at * 137) % 2400, (at * 71) % 1200, 40, 25);
  }
  canvas.toBlob((blob) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(blob);
  }, "image/jpeg", 0.95);
})
"""

READ_BOXES = """
async () => {
  const database = await new Promise((done, fail) => {
    const asked = indexedDB.open("hvapp");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  try {
    const asked = database.transaction("photos").objectStore("photos").getAll();
    return await new Promise((done) => (asked.onsuccess = () => done(asked.result)));
  } finally {
    database.close();
  }
}
"""


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flat]:
    """The product as it is, with one more form: one that asks for photos."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("hvapp", "templates", "sync", "static"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    for file in ("package.json", "package-lock.json", "setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, root / file)
    shutil.copy(ROOT / "tests" / "support" / "skin_check.v99.yaml", root / "hvapp" / "forms")
    (root / "node_modules").symlink_to((ROOT / "node_modules").resolve())
    subprocess.run([sys.executable, "-c", BUILD], cwd=root, check=True, capture_output=True)
    flat = Flat(tmp_path_factory.mktemp("flat"), root)
    yield flat
    flat.close()


def picture(page: Page, folder: Path) -> Path:
    """A file as a camera leaves it: a JPEG, with what the camera notes beside it."""
    jpeg = base64.b64decode(page.evaluate(DRAW))
    note = b"Exif\0\0" + CAMERA_NOTE.encode()
    file = folder / "camera.jpg"
    file.write_bytes(jpeg[:2] + b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note + jpeg[2:])
    return file


def start(flat: Flat, browser: Browser) -> TabletPage:
    return TabletPage(browser.start(), flat.url).open()


def take_photo(tablet: TabletPage, file: Path) -> None:
    tablet.field("skin_photos").locator("input[type=file]").set_input_files(file)
    expect(tablet.field("skin_photos").locator("canvas")).to_be_visible()


def arrived(flat: Flat) -> list[tuple[int, int]]:
    engine = create_engine(f"sqlite:///{flat.home / 'hvapp.db'}")
    try:
        with engine.connect() as connection:
            return [(row.held, row.total) for row in connection.execute(text("SELECT held, total FROM blob"))]
    finally:
        engine.dispose()


def test_a_photo_taken_offline_survives_kills_and_is_read_by_the_supervisor(
    flat: Flat, new_browser: Callable[[Path], Browser], tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    browser = new_browser(profile)
    tablet = start(flat, browser)
    tablet.set_up(flat.world.amira.email, PASSWORD, PASSPHRASE)
    file = picture(tablet.page, tmp_path)
    flat.server.stop()

    # Taken with no signal, removed and brought back, and there again after a kill.
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.open_section("Skin")
    take_photo(tablet, file)
    photos = tablet.field("skin_photos")
    photos.get_by_label("What the photo shows").fill(CAPTION)
    photos.get_by_role("button", name="Remove Photo 1").click()
    expect(photos.get_by_text("Photo 1 removed.")).to_be_visible()
    photos.get_by_role("button", name="Undo").click()
    expect(photos.get_by_label("What the photo shows")).to_have_value(CAPTION)
    expect(photos.locator("canvas")).to_be_visible()
    assert violations(tablet.page) == []
    tablet.saved()
    tablet.check()
    browser.kill()
    tablet = start(flat, browser)
    tablet.unlock(PASSPHRASE)
    tablet.go("Today")
    unfinished = tablet.page.get_by_role("listitem").filter(has_text="Not finished")
    unfinished.get_by_role("link", name=NAME).first.click()
    tablet.heading("New birth visit")
    tablet.open_section("Skin")
    expect(tablet.field("skin_photos").locator("canvas")).to_be_visible()
    tablet.complete()
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "1 photo 0%")

    # The visit goes up; the photo's second piece is on the line when the tablet dies.
    hold, pieces = Hold(), []

    def line(heard: Heard) -> Fault:
        if "/sync/v1/blob/" in heard.path and heard.body:
            pieces.append(len(heard.body))
            if len(pieces) == 2:
                return Fault("hold_request", part=0.5, hold=hold)
        return PASS

    flat.line.policy = line
    flat.server.start()
    tablet.page.evaluate("window.dispatchEvent(new Event('online'))")
    wait_until(hold.reached.is_set, "no second piece was sent")
    tablet.expect_state(NAME, "With your supervisor")
    [photo] = tablet.page.evaluate(READ_BOXES)
    assert 0 < photo["held"] < photo["bytes"] and arrived(flat) == [(photo["held"], photo["bytes"])]
    browser.kill()
    hold.release(cut=True)

    # Meanwhile the supervisor reads the visit and cannot approve it.
    desk = new_browser(tmp_path / "desk").start(DESK)
    desk.goto(f"{flat.url}/sign-in")
    desk.get_by_label("Email address").fill(flat.world.sue.email)
    desk.get_by_label("Password", exact=True).fill(PASSWORD)
    desk.get_by_role("button", name="Sign in").click()
    expect(desk.get_by_text("1 photo has not arrived yet. It is sent when")).to_be_visible()
    desk.get_by_role("link", name=NAME).first.click()
    desk.get_by_role("button", name="Approve").click()
    expect(desk.get_by_role("alert")).to_contain_text("1 photo has not arrived yet.")
    assert violations(desk) == []

    # Opened again, and still locked, the tablet goes on where it was.
    tablet = start(flat, browser)
    wait_until(lambda: arrived(flat) == [(photo["bytes"], photo["bytes"])], "the photo did not arrive")
    assert sum(pieces) < photo["bytes"] + 2 * pieces[0]
    tablet.unlock(PASSPHRASE)
    tablet.put_off_signing_in()
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "With your supervisor")
    expect(tablet.page.get_by_text("1 photo")).to_have_count(0)

    desk.goto(desk.url.removesuffix("/approve"))
    shown = desk.get_by_role("img", name=CAPTION)
    expect(shown).to_be_visible()
    wait_until(lambda: shown.evaluate("(img) => img.naturalWidth") == 1600, "the photo is not shown")
    assert violations(desk) == []
    jpeg = desk.request.get(f"{flat.url}{shown.get_attribute('src')}").body()
    assert jpeg.startswith(b"\xff\xd8\xff") and CAMERA_NOTE.encode() not in jpeg
    desk.get_by_role("button", name="Approve").click()
    expect(desk.get_by_text("approved.")).to_be_visible()

    # Nothing of it was ever on the tablet's disk in clear.
    browser.kill()
    assert find_words(profile, ["wqkestrelphoto", CAMERA_NOTE]) == {}
    middle = jpeg[len(jpeg) // 2 :][:64]
    assert not any(middle in path.read_bytes() for path in profile.rglob("*") if path.is_file())
    assert tablet.trouble == []
