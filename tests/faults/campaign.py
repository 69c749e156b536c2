"""A campaign of faults: many tablets, one server, a line between them that fails, and power cuts everywhere."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy.exc import OperationalError

from hvapp.domain.errors import DomainError
from hvapp.services import accounts, children, devices, keys, review
from tests.faults import oracles
from tests.faults.house import House, PostgresHouse
from tests.faults.oracles import Ledger
from tests.faults.people import PASSWORD, change_need, settle
from tests.faults.plan import Plan, Round
from tests.faults.storm import Storm
from tests.faults.tablets import TabletProcess
from tests.support.answers import FORMS
from tests.support.proxy import ByteProxy

PROCESSES = 2
_MOST_ACTS = 20  # for each visit of a round
_MOST_JOINED = 4  # one child's record in so many
_FORM = FORMS.current("new_birth")

Say = Callable[[str], None]


@dataclass
class Report:
    """What a campaign did and found."""

    plan: Plan
    seconds: float
    completed: int
    done: Counter[str]
    checked: Counter[str]
    findings: list[str]

    @property
    def faults(self) -> int:
        return sum(
            count for name, count in self.done.items() if name.startswith(("kill ", "line: ", "server: "))
        )


@dataclass
class Campaign:
    plan: Plan
    home: Path
    say: Say
    broken_server: str | None = None
    broken_tablet: str | None = None
    stop_at_first: bool = True
    postgresql: bool = False
    done: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    ledger: Ledger = field(default_factory=Ledger)

    async def run(self) -> Report:
        started = time.monotonic()
        canary = f"kestrel{self.plan.seed}quartz"
        kind = PostgresHouse if self.postgresql else House
        self.house = kind(self.home, broken=self.broken_server)
        with self.house.session() as session:
            self.district = settle(
                session,
                visitors=self.plan.visitors,
                children=self.plan.children,
                canary=canary,
                random=Random(f"{self.plan.seed}|district"),
            )
        self.storm = Storm(self.plan.seed, canary)
        self.line = ByteProxy(self.house.port, self.storm)
        self.processes = [
            TabletProcess(self.ledger.hear, self.home / f"tablets{n}.log") for n in range(PROCESSES)
        ]
        self.backup: str | None = None
        try:
            self.house.start()
            await self._open_tablets(canary)
            for one in self.plan.rounds:
                await self._round(one)
                self._tell_progress(one, time.monotonic() - started)
                if self.findings and self.stop_at_first:
                    break
            else:
                await self._finish(canary)
            standing = await self._standing()
        finally:
            for process in self.processes:
                await process.stop()
            self.line.stop()
            self.house.close()
        self._count(standing)
        return Report(
            self.plan,
            time.monotonic() - started,
            len(self.ledger.sealed),
            self.done,
            self.checked,
            self.findings,
        )

    @property
    def findings(self) -> list[str]:
        return list(dict.fromkeys(self.ledger.findings + self.storm.leaks))

    # Tablets

    async def _open_tablets(self, canary: str) -> None:
        for process in self.processes:
            await process.start()
        assert _FORM is not None
        form = {"id": _FORM.id, "version": _FORM.version, "definitionHash": _FORM.hash}
        for name, owners in self.plan.tablets:
            people = [self.district.visitors[number] for number in owners]
            config = {
                "id": name,
                "seed": self.plan.seed,
                "base": f"http://127.0.0.1:{self.line.port}",
                "people": [{"id": one.id, "email": one.email, "password": PASSWORD} for one in people],
                "form": form,
                "canary": canary,
                "broken": self.broken_tablet,
            }
            await self._process_of(name).order("open", config=config)

    def _process_of(self, tablet: str) -> TabletProcess:
        return self.processes[int(tablet[1:]) % PROCESSES]

    async def _each_tablet(self, order: str, **given: Any) -> dict[str, Any]:
        async def ask(name: str) -> Any:
            return await self._process_of(name).order(order, tablet=name, **given)

        names = [name for name, _ in self.plan.tablets]
        return dict(zip(names, await asyncio.gather(*map(ask, names)), strict=True))

    async def _standing(self) -> dict[str, Any]:
        return await self._each_tablet("standing")

    # Rounds

    async def _round(self, one: Round) -> None:
        if one.restore and self.backup is not None:
            await asyncio.to_thread(self._restore, self.backup)
        if one.month:
            self.backup = None
        if one.back_up:
            self.backup = await asyncio.to_thread(self.house.back_up, f"round{one.number}")
            self.done["server: backed up"] += 1
        if one.rotate_key:
            await asyncio.to_thread(self._rotate_key)
        if one.revoke is not None:
            await asyncio.to_thread(self._revoke, one.revoke)
        if one.switch_off:
            await asyncio.to_thread(self._switch_off)
        over = asyncio.Event()
        around = [
            asyncio.create_task(self._power_cuts(one, over)),
            asyncio.create_task(self._office(one, over)),
        ]
        plan = {
            "round": one.number,
            "visits": self.plan.visits_of_a_round,
            "acts": self.plan.visits_of_a_round * _MOST_ACTS,
        }
        try:
            await asyncio.gather(
                *(
                    self._process_of(name).order(
                        "work", tablet=name, plan=plan | {"month": name in one.month}
                    )
                    for name, _ in self.plan.tablets
                )
            )
        finally:
            over.set()
            await asyncio.gather(*around)
        await asyncio.to_thread(self._power_cut)

    async def _power_cuts(self, one: Round, over: asyncio.Event) -> None:
        before = 0.0
        for at in sorted(one.kills):
            if await _happens_within(over, at - before):
                return
            before = at
            await asyncio.to_thread(self._power_cut)

    def _power_cut(self) -> None:
        """The server is killed, what it acknowledged is looked for in its database as it lies, and it starts again."""
        self.house.kill()
        self.done["server: killed"] += 1
        self.ledger.findings += oracles.acknowledged_are_there(self.house, self.ledger)
        self.checked["receipts looked up after a power cut"] += len(self.ledger.acked)
        self.house.start()

    def _restore(self, backup: str) -> None:
        self.house.kill()
        self.house.put_back(backup)
        there = {row["id"] for row in self.house.rows("SELECT id FROM revision")}
        self.done["server: put back from a backup"] += 1
        self.done["receipts that a backup took back"] += self.ledger.take_back(there)
        self.house.start()

    # The office: what people do at their desks meanwhile

    async def _office(self, one: Round, over: asyncio.Event) -> None:
        random = Random(f"{self.plan.seed}|office|{one.number}")
        acts: list[Callable[[Random], None]] = [
            self._send_back,
            self._change_need,
            self._hand_over,
            self._join_records,
        ]
        while not await _happens_within(over, 0.3):
            act = random.choice(acts)
            try:
                await asyncio.to_thread(act, random)
            except (DomainError, OperationalError) as error:
                # Somebody was faster, and the visit has another version by now; or the database went away.
                self.done[f"office: {type(error).__name__}"] += 1

    def _send_back(self, random: Random) -> None:
        waiting = self.house.rows(
            "SELECT id, head_revision_id FROM visit WHERE state = 'received' ORDER BY received_at DESC LIMIT 20"
        )
        with self.house.session() as session:
            for row in random.sample(waiting, k=min(3, len(waiting))):
                review.send_back(
                    session,
                    reviewer=self.district.supervisor,
                    visit_id=row["id"],
                    rev_id=row["head_revision_id"],
                    comment="Please say what was agreed.",
                    queries=[],
                    now=datetime.now(UTC),
                )
                self.done["office: visit sent back"] += 1

    def _change_need(self, random: Random) -> None:
        with self.house.session() as session:
            change_need(
                session,
                random.choice(self.district.children),
                random.choice(["universal", "targeted", "specialist"]),
            )
        self.done["office: child changed"] += 1

    def _hand_over(self, random: Random) -> None:
        with self.house.session() as session:
            children.move_child(
                session,
                random.choice(self.district.children),
                to_id=random.choice(self.district.visitors).id,
                by=self.district.supervisor,
                now=datetime.now(UTC),
            )
        self.done["office: child handed over"] += 1

    def _join_records(self, random: Random) -> None:
        # The office does not wait for the tablets: on a slow machine it would join everybody into one.
        if self.done["office: two records joined"] * _MOST_JOINED >= len(self.district.children):
            return
        keep, duplicate = random.sample(self.district.children, k=2)
        with self.house.session() as session:
            children.merge_children(
                session,
                keep_id=keep,
                duplicate_id=duplicate,
                by=self.district.supervisor,
                now=datetime.now(UTC),
            )
        self.done["office: two records joined"] += 1

    def _rotate_key(self) -> None:
        with self.house.session() as session:
            keys.rotate(session, self.house.settings.keys_key, datetime.now(UTC))
        self.done["office: new sealing key"] += 1

    def _revoke(self, tablet: str) -> None:
        """What such a tablet has delivered it deletes: from now on an earlier backup is not put back."""
        account = self.district.visitors[dict(self.plan.tablets)[tablet][0]]
        devices_here = {one.device for one in self.ledger.sealed.values() if one.tablet == tablet}
        for row in self.house.rows("SELECT id FROM device WHERE account_id = :id", id=account.id):
            if row["id"] in devices_here:
                with self.house.session() as session:
                    devices.revoke(
                        session, row["id"], by=self.district.supervisor, reason="Lost", now=datetime.now(UTC)
                    )
                self.done["office: tablet revoked"] += 1
        self.backup = None

    def _switch_off(self) -> None:
        with self.house.session() as session:
            accounts.set_active(
                session,
                self.district.visitors[0].id,
                active=False,
                by=self.district.administrator,
                now=datetime.now(UTC),
            )
        self.done["office: account switched off"] += 1

    # The end

    async def _finish(self, canary: str) -> None:
        self.storm.calm = True
        self.say("The line is good now: everything is sent and fetched.")
        await self._each_tablet("finish")
        # Only now: what another tablet sent last is part of what its visitor may see.
        await self._each_tablet("tell")
        await asyncio.to_thread(self.house.kill)
        self.ledger.owed.clear()
        standing = await self._standing()
        house, ledger = self.house, self.ledger
        found = oracles.acknowledged_are_there(house, ledger)
        found += oracles.every_visit_once(house, ledger, standing)
        found += oracles.drafts_are_kept(house, ledger)
        found += oracles.caseloads_agree(house, ledger)
        for name, words in (await self._each_tablet("find", words=[canary])).items():
            found += [
                f"tablet {name}: what was written or read stands on its disk in clear ({word})"
                for word in words
            ]
        if canary.encode() in (self.home / "web.log").read_bytes():
            found.append("what a visitor wrote stands in the server's log")
        ledger.findings += found
        self.checked["visits followed from the tablet to the server"] += len(ledger.sealed)
        self.checked["caseloads compared with the server"] += len(ledger.caseloads)
        self.checked["disks searched for clear text"] += len(self.plan.tablets)

    def _count(self, standing: dict[str, Any]) -> None:
        for one in standing.values():
            self.done.update(one["done"])
            self.done["requests"] += one["requests"]
        for name, count in self.line.seen.items():
            if name != "pass":
                self.done[f"line: {name}"] += count

    def _tell_progress(self, one: Round, seconds: float) -> None:
        self.say(
            f"round {one.number + 1} of {len(self.plan.rounds)}: {len(self.ledger.sealed):,} visits completed, "
            f"{len(self.ledger.acked):,} acknowledged, {self.done['server: killed']} power cuts, "
            f"{sum(self.line.seen.values()) - self.line.seen['pass']:,} faults on the line, "
            f"{len(self.findings)} findings, {int(seconds) // 60}:{int(seconds) % 60:02}"
        )


async def _happens_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), max(0.0, seconds))
    except TimeoutError:
        return False
    return True
