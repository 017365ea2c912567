"""The application itself as a server: `flask serve` with its worker, as `make serve` starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.servers.postgresql import ON_POSTGRESQL, url_for

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Application:
    """The webmail in processes of its own, in a data folder of its own, with settings from the environment."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "webmail.log"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("WEBMAIL_") or name == "WEBMAIL_CORPUS"
        }
        self.environment |= {"WEBMAIL_DATA_DIR": str(folder / "data"), "WEBMAIL_PORT": str(self.port), "WEBMAIL_UNDO_SECONDS": "1"}
        if ON_POSTGRESQL:
            self.environment["WEBMAIL_DATABASE_URL"] = url_for(folder / "data")
        self.environment |= {f"WEBMAIL_{name.upper()}": value for name, value in settings.items()}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "flask", "--app", "app", *arguments]

    def start(self, *, wait: float = 30) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command("serve"), cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        until = time.monotonic() + wait
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the webmail does not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=10)
        self.process = None
