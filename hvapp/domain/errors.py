"""What can go wrong, in words a person can act on. web/errors.py alone turns these into responses."""


class DomainError(Exception):
    """A refusal with a stable code and a message that says what happened, what is safe and what to do."""

    code = "error"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotFound(DomainError):
    code = "not_found"


class NotAllowed(DomainError):
    code = "not_allowed"


class Conflict(DomainError):
    """Somebody else, or a newer version, got there first."""

    code = "conflict"


class Invalid(DomainError):
    code = "invalid"


class WrongCredentials(DomainError):
    code = "wrong_credentials"


class CursorTooOld(DomainError):
    """The tablet's place in the change feed is from before a restore, or out of range: fetch afresh."""

    code = "cursor_too_old"


class UnknownTablet(DomainError):
    """The tablet's token is not one that this service gave to an account it knows."""

    code = "unknown_tablet"

    def __init__(self) -> None:
        super().__init__(
            "The service does not know this tablet, so nothing was sent. Your visits are safe on it. "
            "Sign in again to make the tablet known."
        )


class TabletRevoked(DomainError):
    """The tablet may hand in what it holds and fetch nothing."""

    code = "tablet_revoked"

    def __init__(self) -> None:
        super().__init__(
            "This tablet is no longer allowed to show your caseload. Visits waiting on it are still sent. "
            "Ask your supervisor."
        )


class ProtocolTooNew(DomainError):
    code = "protocol_too_new"
