"""Where the built browser files are. Everything is named by its content, so it may be cached for ever."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from hvapp.domain.errors import DomainError

URL = "/static/dist/"
# The rest of a build is what the tablet's worker keeps.
NOT_ON_TABLET = ("desk.", "icons/favicon.ico", "tablet.html")


class NotBuilt(DomainError):
    code = "not_built"


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

    def path(self, name: str) -> str:
        """Path under the dist folder. Raises NotBuilt for a name that the build did not make."""
        try:
            return self.names[name]
        except KeyError:
            raise NotBuilt(f"“{name}” has not been built. Run: hvapp assets") from None

    def url(self, name: str) -> str:
        return URL + self.path(name)

    def for_tablet(self) -> dict[str, str]:
        """What the shell may ask for by name."""
        return {name: self.url(name) for name in sorted(self.names) if not name.startswith(NOT_ON_TABLET)}

    def add(self, name: str, content: str) -> None:
        """Write a file under a name made of its content."""
        stem, _, suffix = name.rpartition(".")
        path = f"{stem}-{sha256(content.encode()).hexdigest()[:10]}.{suffix}"
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        self.names[name] = path

    def save(self) -> None:
        urls = {name: self.url(name) for name in sorted(self.names)}
        (self.folder / "manifest.json").write_text(json.dumps(urls, indent=1))
