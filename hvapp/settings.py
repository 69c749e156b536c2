"""Settings, read once from the environment. Nothing else in the project reads it."""

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from hvapp.domain.errors import Invalid

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """What differs between one installation and another. Times are durations, sizes are bytes."""

    secret_key: str
    database_url: str
    root: Path = ROOT
    redbook_url: str = "http://127.0.0.1:8701/fhir"
    secure_cookies: bool = True
    session_lifetime: timedelta = timedelta(hours=12)
    max_body_bytes: int = 4 * 1024 * 1024
    max_batch_items: int = 100
    lease: timedelta = timedelta(
        days=7
    )  # how long a tablet keeps its caseload without hearing from the service

    @property
    def receipt_key(self) -> bytes:
        """Signs receipts; derived, so that a receipt key never equals the session key."""
        return self._derive(b"hvapp-receipt")

    @property
    def upload_key(self) -> bytes:
        """Makes the tokens with which tablets hand work in."""
        return self._derive(b"hvapp-upload")

    @property
    def keys_key(self) -> bytes:
        """Encrypts the server's private keys where they are stored; 32 bytes, for AES-256."""
        return self._derive(b"hvapp-keys", size=32)

    def _derive(self, purpose: bytes, size: int = 64) -> bytes:
        """A key for one purpose, which tells nothing about the others."""
        return blake2b(self.secret_key.encode(), person=purpose, digest_size=size).digest()

    @property
    def static_folder(self) -> Path:
        return self.root / "static"

    @property
    def template_folder(self) -> Path:
        return self.root / "templates"

    @classmethod
    def from_env(cls) -> "Settings":
        """Settings for this machine: HVAPP_* variables, else files under HVAPP_HOME (default: var/)."""
        home = Path(os.environ.get("HVAPP_HOME", ROOT / "var"))
        # Records and secret are nobody else's on this machine.
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            secret_key=os.environ.get("HVAPP_SECRET_KEY") or _secret_kept_in(home / "secret.key"),
            database_url=os.environ.get("HVAPP_DATABASE_URL") or f"sqlite:///{home / 'hvapp.db'}",
            redbook_url=os.environ.get("HVAPP_REDBOOK_URL", cls.redbook_url),
            secure_cookies=os.environ.get("HVAPP_SECURE_COOKIES", "1") != "0",
        )


def _secret_kept_in(path: Path) -> str:
    """The installation's own secret, made on first start and readable by its owner only."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    # Another first start at the same moment may have made the file and not yet written to it.
    deadline = time.monotonic() + 1
    while not (secret := path.read_text().strip()):
        if time.monotonic() > deadline:
            raise Invalid(
                f"{path} is empty. Put it back from your backup, or delete it to have another made."
            )
        time.sleep(0.01)
    return secret
