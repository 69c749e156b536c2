"""python -m tests.faults: runs a campaign and says what it did, what it checked and what it found."""

import argparse
import asyncio
import signal
import tempfile
from pathlib import Path

from tests.faults.campaign import Campaign, Report
from tests.faults.plan import make_plan


def main() -> int:
    parser = argparse.ArgumentParser(prog="hv faults", description=__doc__)
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--to-the-end", action="store_true", help="go on after the first finding")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL instead of SQLite")
    given = parser.parse_args()
    # Asked to stop, it stops its programs too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"Seed {given.seed}, {given.visits:,} visits.", flush=True)
    with tempfile.TemporaryDirectory(prefix="hv-faults-") as home:
        campaign = Campaign(
            make_plan(given.seed, given.visits),
            Path(home),
            lambda text: print(text, flush=True),
            stop_at_first=not given.to_the_end,
            postgresql=given.postgresql,
        )
        report = asyncio.run(campaign.run())
    tell(report, postgresql=given.postgresql)
    return 1 if report.findings else 0


def tell(report: Report, *, postgresql: bool) -> None:
    plan = report.plan
    print(
        f"\nWhat was done, in {report.seconds:.0f} s, on {len(plan.tablets)} tablets of {plan.visitors} visitors:"
    )
    print(f"  {report.completed:,} visits completed, {report.faults:,} faults injected")
    for name, count in sorted(report.done.items()):
        print(f"  {count:>8,}  {name}")
    print("\nWhat was checked:")
    for name, count in sorted(report.checked.items()):
        print(f"  {count:>8,}  {name}")
    if not report.findings:
        print("\nFound: nothing. Every visit is where it belongs.")
        return
    print(f"\nFound: {len(report.findings)}. The first of them:")
    for finding in report.findings[:10]:
        print(f"  - {finding}")
    engine = " --postgresql" if postgresql else ""
    print(f"\nTo repeat: ./hv faults --visits {plan.visits} --seed {plan.seed}{engine}")


if __name__ == "__main__":
    raise SystemExit(main())
