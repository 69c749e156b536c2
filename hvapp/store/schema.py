"""All rows, imported so that migrations and create_all see every table."""

from hvapp.store import accounts, audit, changes, children, devices, drafts, keys, outbox, sorting, visits
from hvapp.store.base import Base

metadata = Base.metadata

__all__ = [
    "Base",
    "accounts",
    "audit",
    "changes",
    "children",
    "devices",
    "drafts",
    "keys",
    "metadata",
    "outbox",
    "sorting",
    "visits",
]
