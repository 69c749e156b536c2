"""The service's own keys, to which tablets seal: made when first needed, found by their id, never thrown away."""

import threading
import time
from datetime import datetime

import structlog
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session

from hvapp.domain.sealing import (
    CannotOpen,
    PublicKey,
    lock_private_key,
    new_private_key,
    public_key_of,
    unlock_private_key,
)
from hvapp.store.audit import write_audit
from hvapp.store.keys import SealingKeyRow, keys_in_use, retire_all
from hvapp.store.transaction import transaction

SECONDS_BETWEEN_LOOKS = 30.0
"""How long a process may go on offering a key that another process has just retired; it opens as well as the new."""

log = structlog.get_logger()


class Keyring:
    """The keys as one process holds them, so that opening a batch asks the database nothing."""

    def __init__(self, wrapping_key: bytes) -> None:
        self._wrapping_key = wrapping_key
        self._private: dict[str, X25519PrivateKey] = {}
        self._current: PublicKey | None = None
        self._looked_at = 0.0
        self._looking = threading.Lock()

    def find(self, session: Session, kid: str) -> X25519PrivateKey | None:
        """The private key with this id; None when there is none, or none that our secret opens."""
        if kid not in self._private:
            row = session.get(SealingKeyRow, kid)
            key = self._unlock(row) if row else None
            if key is None:
                return None
            self._private[kid] = key
        return self._private[kid]

    def current(self, session: Session, now: datetime) -> PublicKey:
        """The key for tablets to seal to from now on."""
        # One thread looks: two that find no key would each make one. Two processes may; what is sealed to either opens.
        with self._looking:
            return self._look(session, now)

    def _look(self, session: Session, now: datetime) -> PublicKey:
        looked = time.monotonic()
        if self._current is None or looked - self._looked_at > SECONDS_BETWEEN_LOOKS:
            usable = next((row for row in keys_in_use(session) if self._unlock(row) is not None), None)
            self._current = (
                PublicKey(usable.kid, usable.public_key)
                if usable
                else rotate(session, self._wrapping_key, now)
            )
            self._looked_at = looked
        return self._current

    def _unlock(self, row: SealingKeyRow) -> X25519PrivateKey | None:
        try:
            return unlock_private_key(row.private_key, row.kid, self._wrapping_key)
        except CannotOpen:
            # The database came here without its secret: an operator has to bring the right one.
            log.error("sealing_key_locked", kid=row.kid)
            return None


def rotate(session: Session, wrapping_key: bytes, now: datetime) -> PublicKey:
    """Make a new key to seal to. Older ones stay: what was sealed to them can still be opened."""
    private = new_private_key()
    public = public_key_of(private)
    with transaction(session):
        retire_all(session, now)
        session.add(
            SealingKeyRow(
                kid=public.kid,
                public_key=public.raw,
                private_key=lock_private_key(private, public.kid, wrapping_key),
                created_at=now,
            )
        )
        write_audit(
            session,
            at=now,
            account_id=None,
            action="sealing_key_made",
            subject_type="sealing_key",
            subject_id=public.kid,
        )
    return public
