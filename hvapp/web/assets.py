"""Built browser files: where they are, and how they are made.

Everything is named by its content, so that it may be cached for ever and a worker never mixes two versions.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import yaml
from jinja2 import Environment

from hvapp.domain.errors import DomainError
from hvapp.domain.forms import FormLibrary
from hvapp.settings import Settings

URL = "/static/dist/"
# What the shell may ask for by name, and the worker keeps: everything but the desk pages' files.
NOT_ON_TABLET = ("desk.", "favicon")


class BuildFailed(DomainError):
    code = "build_failed"


@dataclass
class Assets:
    """The manifest of one build: logical name -> hashed path under the dist folder."""

    folder: Path
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> "Assets":
        """The last build; empty when there is none yet."""
        manifest = folder / "manifest.json"
        urls = json.loads(manifest.read_text()) if manifest.is_file() else {}
        return cls(folder, {name: url.removeprefix(URL) for name, url in urls.items()})

    def url(self, name: str) -> str:
        return URL + self.path(name)

    def path(self, name: str) -> str:
        try:
            return self.names[name]
        except KeyError:
            raise BuildFailed("The browser files have not been built. Run: hvapp assets") from None

    def for_tablet(self) -> dict[str, str]:
        return {
            name: URL + path
            for name, path in sorted(self.names.items())
            if not name.startswith(NOT_ON_TABLET) and name != "tablet.html"
        }

    def add(self, name: str, content: str) -> None:
        """Write a file under a name made of its content."""
        stem, _, suffix = name.rpartition(".")
        path = f"{stem}-{sha256(content.encode()).hexdigest()[:10]}.{suffix}"
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        self.names[name] = path

    def save(self) -> None:
        urls = {name: URL + path for name, path in sorted(self.names.items())}
        (self.folder / "manifest.json").write_text(json.dumps(urls, indent=1))


def build(
    settings: Settings, templates: Environment, forms: FormLibrary, say: Callable[[str], None]
) -> Assets:
    """Make static/dist afresh. Raises BuildFailed with the tool's own last words."""
    root = settings.root
    folder = settings.static_folder / "dist"
    say("Bundling scripts and styles")
    shutil.rmtree(folder, ignore_errors=True)
    _run(["node", "static/build/build.mjs"], root)
    assets = Assets.load(folder)
    say("Writing forms, rules and growth tables")
    for form in forms.all():
        name = f"forms/{form.id}.v{form.version}"
        assets.add(f"{name}.json", json.dumps(form.as_json() | {"hash": form.hash}, ensure_ascii=False))
        assets.add(f"{name}.html", templates.get_template("shell/form_fragment.jinja").render(form=form))
    current = [
        {"form_id": form.id, "version": form.version, "contact_type": form.contact_type, "title": form.title}
        for form in forms.current_forms()
    ]
    assets.add("forms/index.json", json.dumps(current))
    windows = yaml.safe_load((root / "hvapp/rules/contact_windows.v1.yaml").read_text())
    assets.add("rules/contact_windows.json", json.dumps(windows, default=str, ensure_ascii=False))
    tables = folder / "uk-who.json"
    _run([sys.executable, "static/build/growth_tables.py", str(tables)], root)
    assets.add("growth/uk-who.json", tables.read_text())
    tables.unlink()
    say("Writing the shell and its worker")
    shell = templates.get_template("shell/tablet.jinja").render(
        assets=assets, asset_json=json.dumps(assets.for_tablet())
    )
    assets.add("tablet.html", shell)
    assets.save()
    _run(["node", "static/build/worker.mjs"], root)
    return assets


def _run(command: list[str], root: Path) -> None:
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise BuildFailed(f"{command[0]} is needed to build the browser files and was not found.") from None
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-15:]
        raise BuildFailed(f"{' '.join(command[:2])} failed:\n" + "\n".join(words))
