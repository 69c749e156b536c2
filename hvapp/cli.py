"""The hvapp command: one small function for each thing an operator or developer does."""

import errno
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from hvapp.domain.errors import DomainError

DISK_FULL = "The disk is full. What was saved before is safe. Free some space and start again."


def say(text: str) -> None:
    click.echo(f"  {text}", err=True)


def plain_errors(command: Callable[..., None]) -> Callable[..., None]:
    """One clear sentence instead of a traceback for everything that is expected to go wrong."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except DomainError as error:
            raise click.ClickException(error.message) from None
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise click.ClickException(DISK_FULL) from None
            if isinstance(error, PermissionError) and error.filename:
                raise click.ClickException(
                    f"This user may not read or write {error.filename}. Start as the user that it "
                    "belongs to, or set HVAPP_HOME to a folder of your own."
                ) from None
            raise
        except OperationalError as error:
            # SQLite tells of the disk through its driver, not as an OSError.
            if "disk is full" in str(error.orig):
                raise click.ClickException(DISK_FULL) from None
            raise

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Home visits recorded offline, reviewed, and sent to the child's red book."""


@main.command()
@click.option(
    "--port", default=8000, show_default=True, help="The web application; the red book takes the next one."
)
@click.option("--reset", is_flag=True, help="Throw the demo's data away and start afresh.")
@click.option("--seed", default=1, show_default=True, help="Another seed makes other people.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="Make the data as of this day (default: today)."
)
@plain_errors
def demo(port: int, reset: bool, seed: int, today: datetime | None) -> None:
    """Build everything, load demo data and run the whole product on this machine."""
    from hvapp.commands import demo as command

    command.run(port=port, reset=reset, seed=seed, today=today.date() if today else date.today(), say=say)  # noqa: DTZ011


@main.command(context_settings={"ignore_unknown_options": True})
@click.option("--only", help="Run one part: lint, types, js, py, browser.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@plain_errors
def test(only: str | None, pytest_args: tuple[str, ...]) -> None:
    """Install what the tests need and run everything; or hand arguments to pytest."""
    from hvapp.commands import test as command

    sys.exit(command.run(only=only, pytest_args=list(pytest_args), say=say))


@main.command()
@click.option("--visits", default=1000, show_default=True, help="How many visits to complete.")
@click.option("--seed", default="1", show_default=True, help="Another seed makes other faults.")
@click.option("--to-the-end", is_flag=True, help="Go on after the first finding.")
@click.option("--postgresql", is_flag=True, help="On PostgreSQL instead of SQLite.")
@plain_errors
def faults(**given: Any) -> None:
    """Break everything around the real parts, thousands of times, and look for a lost visit."""
    from hvapp.commands import faults as command

    sys.exit(command.run(**given, say=say))


@main.command()
@plain_errors
def assets() -> None:
    """Build the browser files into static/dist."""
    from hvapp import build
    from hvapp.app import create_app
    from hvapp.settings import Settings

    settings = Settings.from_env()
    build.ensure_node(say)
    build.ensure_packages(settings.root, say)
    build.build(create_app(settings), settings, say)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes; one for each processor.")
@click.option("--threads", default=8, show_default=True, help="Requests that each process answers at once.")
@plain_errors
def run(host: str, port: int, workers: int, threads: int) -> None:
    """Run the web application alone (gunicorn)."""
    import os

    from hvapp.commands.processes import web_command

    command = web_command(host, port, workers=workers, threads=threads)
    os.execv(command[0], command)  # noqa: S606


@main.command()
@plain_errors
def migrate() -> None:
    """Bring the database to this version's tables."""
    from hvapp.app import create_app
    from hvapp.commands.database import upgrade

    upgrade(create_app())


@main.command("rotate-key")
@plain_errors
def rotate_key() -> None:
    """Have tablets seal what they send to a new key."""
    from hvapp.commands import upkeep
    from hvapp.settings import Settings

    upkeep.rotate_key(Settings.from_env(), say)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@plain_errors
def backup(file: Path) -> None:
    """Copy the database to FILE while the service runs."""
    from hvapp.commands import upkeep
    from hvapp.settings import Settings

    upkeep.back_up(Settings.from_env(), file, say)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@plain_errors
def restore(file: Path) -> None:
    """Go back to a copy that `backup` made. Stop the service and its worker first."""
    from hvapp.commands import upkeep
    from hvapp.settings import Settings

    upkeep.restore(Settings.from_env(), file, say)


@main.command("new-epoch")
@plain_errors
def new_epoch() -> None:
    """Tell tablets that the database went back in time, after restoring it by other means."""
    from hvapp.commands import upkeep
    from hvapp.settings import Settings

    upkeep.new_epoch(Settings.from_env(), say)


@main.command()
@plain_errors
def tidy() -> None:
    """Remove what no tablet needs any more. Harmless to repeat; once a week is enough."""
    from hvapp.commands import upkeep
    from hvapp.settings import Settings

    upkeep.tidy(Settings.from_env(), say)


@main.group()
def rules() -> None:
    """The clinical rules: what they are, and what they answer."""


@rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@plain_errors
def list_rules(as_json: bool) -> None:
    """Every rule with its inputs, thresholds, source, version and whether it is confirmed."""
    import json

    from hvapp.commands import rules as command

    if as_json:
        click.echo(json.dumps(command.described(), indent=2, ensure_ascii=False))
    else:
        command.show(sys.stdout)


@rules.command("run")
@click.argument("cases", type=click.File("rb"))
@plain_errors
def run_rules(cases: Any) -> None:
    """Answer the CASES of a file, or of - for what is typed: one JSON object a line, such as
    {"rule": "G6", "inputs": {"birth_weight_kg": 3.5, "weight_kg": 3.1}, "expected": {"level": "red"}}

    Each line is answered by the server's rules and by the tablet's. Exit status 1 where they differ, where an answer is
    not the expected one, or where a line cannot be read.
    """
    from hvapp.commands import rules as command

    try:
        lines = command.lines_of(cases.read())
    except command.NotText as error:
        raise click.ClickException(str(error)) from None
    sys.exit(command.run(lines, sys.stdout, say))


@main.group()
def forms() -> None:
    """Check a form file, look at a form, or write it in FHIR. See docs/adding-a-form.md."""


@forms.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--all", "everything", is_flag=True, help="Every form of this version.")
@plain_errors
def check_forms(files: tuple[Path, ...], everything: bool) -> None:
    """Say in plain words what is wrong with form files or modules. Exit status 1 when anything is."""
    from hvapp.commands import forms as command

    if not files and not everything:
        raise click.UsageError("Name a form file, or use --all.")
    sys.exit(command.check(files + (command.every_form() if everything else ()), say))


@forms.command("preview")
@click.argument("form")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it (default: here).")
@plain_errors
def preview_form(form: str, out: Path | None) -> None:
    """Write FORM as one page to open in a browser: a file, an id, or an id with its version."""
    from hvapp.commands import forms as command

    say(f"Written to {command.preview(form, out)}. Run “hvapp assets” first for the look of the tablet.")


@forms.command("export")
@click.argument("form")
@click.option("--fhir", is_flag=True, help="As a FHIR R4 Questionnaire, the only format there is.")
@plain_errors
def export_form(form: str, fhir: bool) -> None:
    """Print FORM in JSON for another system."""
    from hvapp.commands import forms as command

    if not fhir:
        raise click.UsageError("Say in which format: --fhir.")
    click.echo(command.export(form))


@main.command("add-account")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(["health_visitor", "supervisor", "administrator"]), required=True)
@click.option("--job", default="scphn", show_default=True)
@click.option(
    "--team", "team_name", required=True, help="The team's name; made if there is none of that name."
)
@click.option("--provider", help="The provider's name and ODS code, as “Name, CODE”, for a first team.")
@click.password_option()
@plain_errors
def add_account(**given: str) -> None:
    """Add an account; the first administrator of a new installation is made this way."""
    from hvapp.app import create_app
    from hvapp.domain.accounts import Role
    from hvapp.extensions import db
    from hvapp.services import accounts

    with create_app().app_context():
        now = datetime.now(UTC)
        team_id = accounts.ensure_team(db.session, name=given["team_name"], provider=given.get("provider"))
        new = accounts.NewAccount(
            email=given["email"],
            name=given["name"],
            role=Role(given["role"]),
            job=given["job"],
            team_id=team_id,
            password=given["password"],
        )
        account = accounts.create_account(db.session, new, by=None, now=now)
    say(f"{account.name} can now sign in.")
