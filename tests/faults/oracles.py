"""What must hold, whatever happened. Each oracle answers findings in plain words; none of them asks the product's
own code what it thinks: rows come from the database as it is, and the tablets' side from what their disks committed.
"""

import hashlib
import hmac
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.faults.house import House, Rows

_MARK = "visit "
_SET_ASIDE_HERE = ("too_large", "unreadable")


@dataclass
class Sealed:
    """A completed visit as some tablet's disk committed it."""

    tablet: str
    device: str
    seq: int
    sha256: str | None


Key = tuple[str, str]  # a tablet and a revision


@dataclass
class Ledger:
    """What all tablets' disks committed, outside of them."""

    sealed: dict[Key, Sealed] = field(default_factory=dict)
    acked: dict[Key, dict[str, Any]] = field(default_factory=dict)
    deleted: set[Key] = field(default_factory=set)
    drafts_gone: dict[str, str] = field(default_factory=dict)
    caseloads: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    # Acknowledged, and taken away again by a restored backup: must be back at the end.
    owed: set[Key] = field(default_factory=set)

    def hear(self, event: dict[str, Any]) -> None:
        tablet = event.get("tablet", "")
        key = (tablet, event.get("id", ""))
        match event["event"]:
            case "sealed":
                self.sealed[key] = Sealed(tablet, event["device"], event["seq"], event["sha256"])
            case "state":
                self._hear_state(key, event)
            case "deleted":
                self.deleted.add(key)
            case "draft gone":
                self.drafts_gone[key[1]] = event["device"]
            case "draft":
                # Back again, here or on another tablet of its visitor.
                self.drafts_gone.pop(key[1], None)
            case "caseload":
                self.caseloads[tablet, event["account"]] = event
            case "finding":
                self.findings.append(f"tablet {tablet}: {event['text']}")
            case "unhandled":
                self.findings.append(f"an error that nobody handled: {event['text']}")
            case other:
                raise ValueError(f"tablets do not tell of “{other}”")

    def _hear_state(self, key: Key, event: dict[str, Any]) -> None:
        if event["state"] == "acked":
            self.acked[key] = event["receipt"] or {}
            self.owed.discard(key)
        elif event["state"] in ("sealed", "refused"):
            # To be sent again: nothing is claimed of it any more.
            self.acked.pop(key, None)

    def take_back(self, there: set[str]) -> int:
        """A backup was put back that holds only these: what else was acknowledged is owed from now on."""
        gone = {key for key in self.acked.copy() if key[1] not in there}
        self.owed |= gone
        return len(gone)


def acknowledged_are_there(house: House, ledger: Ledger) -> list[str]:
    """Nothing acknowledged is missing, at this moment and with the server stopped dead."""
    stored = {row["id"]: row["sha256"] for row in house.rows("SELECT id, sha256 FROM revision")}
    found = []
    # A copy: tablets go on telling meanwhile.
    for key, receipt in ledger.acked.copy().items():
        if key in ledger.owed:
            continue
        tablet, revision = key
        sealed = ledger.sealed[key]
        if revision not in stored:
            found.append(
                f"visit {revision} of tablet {tablet} has a receipt and is not in the server's database"
            )
        elif sealed.sha256 and stored[revision] != sealed.sha256:
            found.append(f"visit {revision} is on the server with another content than was sealed")
        elif receipt and not _receipt_is_ours(house, revision, stored[revision], receipt):
            found.append(f"the receipt of visit {revision} was not made by this server")
    return found


def _receipt_is_ours(house: House, revision: str, sha256: str, receipt: dict[str, Any]) -> bool:
    at = datetime.fromisoformat(receipt["received_at"]).astimezone(UTC).isoformat()
    text = f"{revision}|{sha256}|{receipt['seq']}|{at}"
    mac = hmac.new(house.settings.receipt_key, text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(mac, receipt["mac"])


def every_visit_once(house: House, ledger: Ledger, standing: dict[str, dict[str, Any]]) -> list[str]:
    """Each sealed visit is on the server exactly once and unchanged, or on its tablet with the reason."""
    rows = house.rows("SELECT id, sha256, device_id, device_seq, visit_id, body FROM revision")
    stored = {row["id"]: row for row in rows}
    copies = {row["revision_ref"] for row in house.rows("SELECT revision_ref FROM quarantine")}
    on_tablet = {(tablet, item["id"]): item for tablet, one in standing.items() for item in one["items"]}
    found = []
    for key, sealed in ledger.sealed.items():
        problem = _problem_of(key[1], sealed, stored.get(key[1]), on_tablet.get(key), copies)
        if problem:
            found.append(f"visit {key[1]} of tablet {key[0]} {problem}")
    known = {revision for _, revision in ledger.sealed}
    found += [
        f"revision {row['id']} is on the server and no tablet ever completed it"
        for row in rows
        if row["id"] not in known and row["device_seq"]
    ]
    return found + _marks_once(rows) + _numbers_have_no_gap(rows, on_tablet)


def _problem_of(
    revision: str, sealed: Sealed, row: dict[str, Any] | None, item: dict[str, Any] | None, copies: set[str]
) -> str | None:
    if item is not None and item["state"] == "refused":
        # Set aside by the tablet itself, which never handed it over: there is no copy to be had.
        if item["result"] in _SET_ASIDE_HERE:
            return (
                None if not item["retired"] else f"stands ({item['result']}) in a vault that nobody can open"
            )
        return None if revision in copies else f"was refused ({item['result']}) and the server kept no copy"
    if row is None and item is None:
        return "is lost: it is neither on the server nor on the tablet"
    if row is None and item is not None:
        lacks = [name for name, missing in item["lacks"].items() if missing]
        why = f", for want of a {' and a '.join(lacks)}" if lacks else ""
        vault = f", vault {item['retired']}" if item["retired"] else ""
        return f"has not arrived ({item['state']}{why}{vault}), although the line has been good for long"
    if row is None:
        return None
    if sealed.sha256 and row["sha256"] != sealed.sha256:
        return "is on the server with another content than was sealed"
    if (row["device_id"], row["device_seq"]) != (sealed.device, sealed.seq):
        return "is on the server under another tablet or number"
    return None


def _marks_once(rows: Rows) -> list[str]:
    """Each visit wrote its own number into its answers: under one visit, however often it was corrected."""
    visits: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        body = json.loads(row["body"]) if isinstance(row["body"], str) else row["body"]
        words = str(body["payload"]["answers"].get("actions", ""))
        at = words.find(_MARK)
        if at >= 0:
            visits[words[at:].split(".")[0]].add(row["visit_id"])
    return [
        f"{mark} was recorded once and is on the server as {len(ids)} visits"
        for mark, ids in visits.items()
        if len(ids) > 1
    ]


def _numbers_have_no_gap(rows: Rows, on_tablet: dict[Key, dict[str, Any]]) -> list[str]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row["device_seq"]:
            numbers[row["device_id"]].append(row["device_seq"])
    refused = Counter(item["device"] for item in on_tablet.values() if item["state"] == "refused")
    found = []
    for device, seqs in numbers.items():
        twice = [seq for seq, times in Counter(seqs).items() if times > 1]
        if twice:
            found.append(f"device {device}: number {twice[0]} stands for {seqs.count(twice[0])} revisions")
        missing = sorted(set(range(1, max(seqs) + 1)) - set(seqs))
        if len(missing) > refused[device]:
            found.append(f"device {device}: number {missing[0]} of {max(seqs)} never arrived")
    return found


def drafts_are_kept(house: House, ledger: Ledger) -> list[str]:
    """A draft that left its tablet without being completed or thrown away is with the server."""
    if not ledger.drafts_gone:
        return []
    kept = {row["id"] for row in house.rows("SELECT id FROM rescued_draft")}
    sealed = {revision for _, revision in ledger.sealed}
    return [
        f"unfinished visit {draft} left device {device} and the server has no copy"
        for draft, device in ledger.drafts_gone.items()
        if draft not in kept | sealed
    ]


def caseloads_agree(house: House, ledger: Ledger) -> list[str]:
    """Every tablet shows what the server says its visitor may see: nothing missing, old or left over."""
    found = []
    for (tablet, account), seen in ledger.caseloads.items():
        active = house.rows("SELECT active FROM account WHERE id = :id", id=account)[0]["active"]
        if not active:
            continue
        if not seen["complete"]:
            found.append(f"tablet {tablet}: the download of the caseload never ended")
            continue
        children = house.rows("SELECT id, need_level FROM child WHERE named_visitor_id = :id", id=account)
        visits = house.rows(
            "SELECT visit.id, head_revision_id, state FROM visit LEFT JOIN child ON child.id = visit.child_id"
            " WHERE author_id = :id OR named_visitor_id = :id",
            id=account,
        )
        for what, there, here in (
            ("child", {tuple(row.values()) for row in children}, {tuple(one) for one in seen["children"]}),
            ("visit", {tuple(row.values()) for row in visits}, {tuple(one) for one in seen["visits"]}),
        ):
            if missing := there - here:
                found.append(
                    f"tablet {tablet}: {len(missing)} of what changed never arrived: {what} {min(missing)}"
                )
            if extra := here - there:
                found.append(f"tablet {tablet}: {len(extra)} too many or out of date: {what} {min(extra)}")
    return found
