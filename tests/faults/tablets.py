"""The simulated tablets, several to a process of Node: orders go in as lines of JSON, and what happens comes out."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hvapp.settings import ROOT

PROGRAM = ROOT / "tests" / "faults" / "tablets" / "main.mjs"
Event = dict[str, Any]


class TabletProcess:
    """One process of Node; `heard` is told of everything that happens on its tablets."""

    def __init__(self, heard: Callable[[Event], None], log: Path) -> None:
        self.heard = heard
        self.log = log
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last = 0

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                "node",
                str(PROGRAM),
                cwd=ROOT,
                env=os.environ | {"TZ": "Europe/London"},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=2**26,
            )
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        why = "the tablets' process ended"
        try:
            async for line in self.process.stdout:
                self._take(json.loads(line))
        except Exception as error:
            why = f"what a tablet told could not be taken in: {error!r}"
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(AssertionError(f"{why}\n{self.log.read_text()[-3000:]}"))

    def _take(self, told: dict[str, Any]) -> None:
        if "event" in told:
            self.heard(told)
            return
        future = self._waiting.pop(told["id"])
        if "failed" in told:
            future.set_exception(AssertionError(f"a simulated tablet broke down: {told['failed']}"))
        else:
            future.set_result(told["answer"])

    async def order(self, order: str, **given: Any) -> Any:
        assert self.process.stdin is not None
        self._last += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = future
        self.process.stdin.write(json.dumps({"order": order, "id": self._last, **given}).encode() + b"\n")
        await self.process.stdin.drain()
        return await future

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self._reading.cancel()
