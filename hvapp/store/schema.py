"""All rows, imported so that migrations and create_all see every table."""

from hvapp.store import (
    accounts,
    audit,
    blobs,
    changes,
    children,
    deaths,
    devices,
    drafts,
    immunisations,
    kept,
    keys,
    outbox,
    sorting,
    subjects,
    visits,
)
from hvapp.store.base import Base

metadata = Base.metadata

__all__ = [
    "Base",
    "accounts",
    "audit",
    "blobs",
    "changes",
    "children",
    "deaths",
    "devices",
    "drafts",
    "immunisations",
    "kept",
    "keys",
    "metadata",
    "outbox",
    "sorting",
    "subjects",
    "visits",
]
