"""The house itself, held by tests: who imports whom, and how the database came to be."""

import re
import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory

from hvapp.settings import ROOT


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_migrations_are_numbered_and_in_one_line() -> None:
    scripts = ScriptDirectory(str(ROOT / "hvapp" / "migrations"))
    names = [script.revision for script in scripts.walk_revisions()][::-1]
    assert names == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert len(scripts.get_heads()) == 1


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for folder in ("hvapp", "sync")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    ]
    # The commands and the build hand an environment to the programs they start.
    assert sorted(readers) == [
        "hvapp/build.py",
        "hvapp/commands/demo.py",
        "hvapp/commands/test.py",
        "hvapp/settings.py",
    ]
