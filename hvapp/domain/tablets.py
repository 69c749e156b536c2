"""A tablet's own right to hand work in, and the proof that a command comes from this service.

The token holds no secret of the visitor and opens nothing: it only says on which tablet, and for whom, work was
recorded. So it needs nobody signed in, and it outlives a session, an account and a restored database.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

UNNAMED = "Unnamed tablet"


@dataclass(frozen=True)
class TabletId:
    """One visitor's use of one tablet."""

    device_id: str
    account_id: str

    def mac(self, upload_key: bytes) -> str:
        return _mac(upload_key, f"tablet|{self.device_id}|{self.account_id}")

    def token(self, upload_key: bytes) -> str:
        """What the tablet shows with everything that it sends."""
        return f"{self.device_id}.{self.account_id}.{self.mac(upload_key)}"


def read_token(token: str, upload_key: bytes) -> TabletId | None:
    """Whose token it is; None when this service never gave it."""
    device_id, _, rest = token.partition(".")
    account_id, _, mac = rest.partition(".")
    if not UUID.fullmatch(device_id) or not UUID.fullmatch(account_id):
        return None
    tablet = TabletId(device_id, account_id)
    return tablet if hmac.compare_digest(tablet.mac(upload_key).encode(), mac.encode()) else None


@dataclass(frozen=True)
class Command:
    """Something that a tablet is to do. The only kind is `wipe`."""

    id: str
    kind: str
    issued_at: datetime

    @property
    def at(self) -> str:
        return self.issued_at.astimezone(UTC).isoformat()

    def mac(self, tablet: TabletId, upload_key: bytes) -> str:
        """Only the service and this tablet can make it: nobody between them can have a tablet wiped."""
        key = tablet.mac(upload_key).encode()
        return _mac(key, f"{self.kind}|{tablet.device_id}|{self.id}|{self.at}")


@dataclass(frozen=True)
class Standing:
    """What every answer to a tablet tells it: which life of the database this is, and what it is to do."""

    epoch: str
    commands: tuple[Command, ...] = ()


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
