"""The whole product on one machine, with people to show it on."""

import os
import shutil
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import click

from hvapp import build
from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.commands.demo_visits import record_visits
from hvapp.commands.processes import CannotStart, Program, Together, check_port, web_command
from hvapp.domain.accounts import ROLE_NAMES, Account
from hvapp.domain.synthetic import make_population
from hvapp.extensions import db
from hvapp.services import accounts, demo
from hvapp.settings import Settings

PASSWORD = "kitchen-table-2026"  # noqa: S105  (of the demo's invented people only)
NEEDED_MB = 300


def run(*, port: int, reset: bool, seed: int, today: date, say: build.Say) -> None:
    """Build, load, start, wait for Ctrl-C, stop. Raises DomainErrors with one clear sentence each."""
    started = time.monotonic()
    root = Settings.from_env().root
    home = root / "var" / "demo"
    check_port(port, "--port")
    check_port(port + 1, "--port (the red book takes the next number)")
    if shutil.disk_usage(root).free < NEEDED_MB * 1024 * 1024:
        raise CannotStart(f"There is less than {NEEDED_MB} MB of free disk space. Free some and start again.")
    if reset and home.exists():
        say("Throwing the demo's data away")
        shutil.rmtree(home)
    environment = _environment(home, port)
    settings = Settings.from_env()
    build.ensure_node(say)
    build.ensure_packages(root, say)
    app = create_app(settings)
    build.build_if_needed(app, settings, say)
    upgrade(app)
    with app.app_context():
        if not accounts.list_accounts(db.session):
            say("Loading the demo's people")
            population = make_population(seed=seed, today=today)
            demo.load(
                db.session,
                population,
                password_hash=accounts.hash_password(PASSWORD),
                now=datetime.now(UTC),
            )
            record_visits(
                db.session, population, forms=app.extensions["forms"], receipt_key=settings.receipt_key
            )
        lines = accounts.list_accounts(db.session)
        db.session.rollback()
    say("Starting the web application, the sync worker and the red book")
    with Together(_programs(port, home), cwd=root, env=environment, logs=home / "logs") as together:
        _welcome(port, [line.account for line in lines], time.monotonic() - started)
        together.wait()
        click.echo("\nStopping.")


def _environment(home: Path, port: int) -> dict[str, str]:
    os.environ["HVAPP_HOME"] = str(home)
    os.environ["HVAPP_SECURE_COOKIES"] = "0"
    os.environ["HVAPP_REDBOOK_URL"] = f"http://127.0.0.1:{port + 1}/fhir"
    return dict(os.environ)


def _programs(port: int, home: Path) -> list[Program]:
    red_book = [
        sys.executable,
        "-m",
        "sync",
        "redbook",
        "--port",
        str(port + 1),
        "--data",
        str(home / "redbook"),
    ]
    return [
        Program("red book", red_book, f"http://127.0.0.1:{port + 1}/fhir/metadata"),
        Program("web application", web_command("127.0.0.1", port), f"http://127.0.0.1:{port}/healthz"),
        Program("sync worker", [sys.executable, "-m", "sync", "worker"]),
    ]


def _welcome(port: int, people: list[Account], seconds: float) -> None:
    click.echo(f"""
Ready in {seconds:.0f} seconds. Everyone here is invented.

  Tablet        http://localhost:{port}/tablet     (sign in as a health visitor)
  Supervisors   http://localhost:{port}/           (sign in as a supervisor)
  Red book      http://localhost:{port + 1}/           (what a parent would see)

  Password for everyone: {PASSWORD}
""")
    for account in sorted(people, key=lambda account: (account.role.value, account.team.name, account.name)):
        click.echo(f"  {account.email:<38} {ROLE_NAMES[account.role]:<15} {account.team.name}")
    click.echo("\nCtrl-C stops everything.")
