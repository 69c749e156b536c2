"""A short campaign of faults, and proof that a campaign finds what is broken."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign, Report
from tests.faults.plan import Plan, make_plan


def run(home: Path, plan: Plan, *, server: str | None = None, tablet: str | None = None) -> Report:
    told: list[str] = []
    campaign = Campaign(plan, home, told.append, broken_server=server, broken_tablet=tablet)
    return asyncio.run(campaign.run())


def test_whatever_happens_every_visit_is_where_it_belongs(tmp_path: Path) -> None:
    """Kills, cuts, replays, portals, power cuts and a restored backup: nothing is lost, doubled or laid open."""
    report = run(tmp_path, make_plan("short", 120))
    assert report.findings == []
    assert report.completed >= 100
    assert report.faults >= 100
    for fault in (
        "server: killed",
        "server: put back from a backup",
        "line: twice",
        "line: cut_answer",
        "kill middle prune",
    ):
        assert report.done[fault] > 0, fault
    assert sum(count for name, count in report.done.items() if name.startswith("kill ")) >= 10
    assert report.checked["visits followed from the tablet to the server"] == report.completed


@pytest.mark.parametrize(
    ("server", "tablet", "words"),
    [
        ("answer before commit", None, "has a receipt and is not in the server's database"),
        (None, "delete on send", "was deleted from the tablet while sealed"),
        (None, "new id on retry", "was recorded once and is on the server as"),
    ],
    ids=[
        "a server that answers before it commits",
        "a tablet that deletes on sending",
        "a retry under a new id",
    ],
)
def test_a_campaign_finds_what_is_broken(
    tmp_path: Path, server: str | None, tablet: str | None, words: str
) -> None:
    report = run(
        tmp_path,
        make_plan("broken", 30 if tablet else 160, rounds=2 if tablet else 8),
        server=server,
        tablet=tablet,
    )
    assert any(words in finding for finding in report.findings), report.findings


def test_a_plan_follows_from_its_seed() -> None:
    assert make_plan("7", 1000) == make_plan("7", 1000)
    assert make_plan("7", 1000) != make_plan("8", 1000)
