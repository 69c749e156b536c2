"""The clinical rules on a slow processor: python -m bench.rules

Chromium with its processor slowed six times. Every rule and due date of 500 children, as a tablet works them out when a
new day begins; and one growth result.
"""

import json
import random
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench.report import Report, percentile
from hvapp.domain.rules import rule_book
from hvapp.settings import ROOT
from tests.support.browser import Browser

SLOWER = 6
CHILDREN = 500
RUNS = 20
TODAY = date(2026, 11, 20)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = Browser(playwright, Path(folder) / "profile")
        page = browser.start()
        page.add_script_tag(content=_script())
        page.evaluate("(data) => rules.prepare(data)", _data(Path(folder)))
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        taken = [float(page.evaluate("rules.everyChild().took")) for _ in range(RUNS)]
        results = [float(page.evaluate("rules.oneGrowthResult()")) for _ in range(RUNS)]
        browser.close()
    report = Report(f"Clinical rules, processor slowed {SLOWER} times")
    report.promise(f"all rules and due dates of {CHILDREN} children, p95", percentile(taken, 0.95), 100, "ms")
    report.note(f"all rules and due dates of {CHILDREN} children", taken, "ms")
    report.figure("the first time, before the browser has made it fast", taken[0], "ms")
    report.promise("one growth result, p95", percentile(results, 0.95), 1, "ms")
    report.end()


def _script() -> str:
    command = ["npx", "esbuild", "bench/rules_page.mjs", "--bundle", "--format=iife", "--global-name=rules"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _data(folder: Path) -> dict[str, Any]:
    tables = folder / "growth" / "uk-who.json"
    subprocess.run([sys.executable, str(ROOT / "static/build/growth_tables.py"), str(tables)], check=True)
    chance = random.Random(1)
    return {
        "rules": rule_book().for_visits(),
        "tables": json.loads(tables.read_text()),
        "today": TODAY.isoformat(),
        "children": [_child(chance) for _ in range(CHILDREN)],
    }


def _child(chance: random.Random) -> dict[str, Any]:
    """Up to 5 years old, mostly vaccinated on time, weighed a few times."""
    birth = TODAY - timedelta(days=chance.randint(20, 1800))
    age = (TODAY - birth).days
    plan = [("6-in-1", 56), ("MenB", 56), ("rotavirus", 56), ("6-in-1", 84), ("MenB", 84), ("rotavirus", 84)]
    plan += [("6-in-1", 112), ("PCV", 112), ("PCV", 366), ("MenB", 366), ("MMRV", 366), ("dTaP/IPV", 1220)]
    late = chance.randint(0, 20)
    weighed = [day for day in (0, 12, 50, 300, 800) if day < age]
    return {
        "birthDate": birth.isoformat(),
        "sex": chance.choice(["male", "female"]),
        "gestationDays": chance.randint(220, 290),
        "history": [
            {"vaccine": vaccine, "date": (birth + timedelta(days=day + late)).isoformat()}
            for vaccine, day in plan
            if day + late <= age and chance.random() < 0.95
        ],
        "weights": [
            {"value": f"{3.4 + day / 60:.3f}", "on": (birth + timedelta(days=day)).isoformat()}
            for day in weighed
        ],
        "done": ["new_birth"],
    }


if __name__ == "__main__":
    main()
