"""A real FHIR R4 server that nobody here wrote, started afresh for a test.

It lives in an environment of its own, because it pins other versions of what this project uses. The first call makes
that environment (`.state/sekmet-venv`, kept between runs); every start has its own folder and its own data.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WANTED = "sekmet-fhir>=0.1.1,<0.2"
ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".state"
READY_SECONDS = 60


def sekmet_command() -> Path:
    """The installed `sekmet`, installing it first where it is absent. Two test runs at once wait for each other."""
    home = STATE / "sekmet-venv"
    command, stamp = home / "bin" / "sekmet", home / "installed"
    STATE.mkdir(exist_ok=True)
    with (STATE / "sekmet-venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (command.exists() and stamp.exists() and stamp.read_text() == WANTED):
            venv.create(home, with_pip=True, clear=True)
            pip = [
                str(home / "bin" / "python"),
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "-q",
                WANTED,
            ]
            done = subprocess.run(pip, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(
                    f"the FHIR server for the tests could not be installed:\n{done.stderr[-2000:]}"
                )
            stamp.write_text(WANTED)
    return command


@contextmanager
def start_sekmet(tmp_path: Path, port: int) -> Iterator[str]:
    """The server's FHIR address while it runs. Started twice on one folder, it has the same data again."""
    base_url = f"http://127.0.0.1:{port}/fhir"
    command = sekmet_command()
    home = tmp_path / "sekmet"
    home.mkdir(parents=True, exist_ok=True)
    settings = {"base_url": base_url, "data_dir": str(home / "data"), "simulator": {"enabled": False}}
    # JSON is YAML, and the server reads no other file than this one.
    (home / "settings.yaml").write_text(json.dumps(settings))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEKMET_")}
    with (home / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [str(command), "serve", "--config", "settings.yaml", "--host", "127.0.0.1", "--port", str(port)],
            cwd=home,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(server, base_url, home / "server.log")
            yield base_url
        finally:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_until_ready(server: "subprocess.Popen[bytes]", base_url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the FHIR server stopped at once:\n{log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{base_url}/metadata", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(
        f"the FHIR server was not ready after {READY_SECONDS} seconds:\n{log.read_text()[-2000:]}"
    )


if __name__ == "__main__":
    sys.stdout.write(f"{sekmet_command()}\n")
