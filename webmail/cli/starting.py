"""The commands that start programs: ``serve`` for real use, ``demo`` to try everything on sample mail."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click

from webmail.cli import demonstration, serving
from webmail.cli.supervisor import Program, Supervisor
from webmail.errors import InvalidInput, WebmailError
from webmail.settings import PREFIX, Settings, explain, load
from webmail.store.database import Database
from webmail.store.masterkey import MasterKey

SETTINGS_FILE = Path("webmail.toml")
DEMO_FOLDER = Path("var/demo")


@click.command()
def serve() -> None:
    """Run the web server and the worker for real use; settings come from the environment and webmail.toml."""
    try:
        settings = load(os.environ, file=SETTINGS_FILE)
    except InvalidInput as error:
        _give_up(f"{explain(error)}. Settings: docs/settings.md")
    listener = _listen(settings, another="WEBMAIL_PORT={port} make serve")
    _check_folder(settings)
    programs = [serving.web(settings, listener, environment=os.environ)]
    if settings.worker == "embedded":
        programs.append(serving.worker(environment=os.environ))
    address = settings.public_url or _address(listener)
    _run(programs, ready=f"webmail: ready at {address}, mail from {settings.imap.host}. Ctrl-C ends it.")


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port of the pages; 0 takes any free one.")
@click.option("--folder", type=click.Path(path_type=Path), default=DEMO_FOLDER, show_default=True, help="Its data; wiped at each start.")
def demo(port: int, folder: Path) -> None:
    """Try everything: an embedded mail server with sample mail, the web server and the worker, on this machine only."""
    _say("starting the demo: mail server, web server and worker")
    listener = _listen(Settings(port=port), another="make run PORT={port}")
    number = int(listener.getsockname()[1])
    place, lock = demonstration.claim(folder, port=number)
    with lock:
        imap_port, smtp_port = serving.free_ports(2)
        around = demonstration.environment(os.environ, place, imap_port=imap_port, smtp_port=smtp_port, port=number)
        programs = [
            serving.mail_server(place, imap_port=imap_port, smtp_port=smtp_port, environment=_without_settings(around)),
            serving.web(load(around), listener, environment=around),
            serving.worker(environment=around),
        ]
        _run(programs, ready=demonstration.box(_address(listener)))


def _run(programs: list[Program], *, ready: str) -> None:
    """Run until a signal comes, show ``ready`` once everything works, and end this process."""
    status = Supervisor(programs, say=_say, on_ready=lambda: click.echo(ready)).run()
    _say("ended.")
    sys.exit(status)


def _check_folder(settings: Settings) -> None:
    """Say in one line what every program that is started would fail for."""
    try:
        settings.data_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.database_url:
            Database.open(settings.data_path, url=settings.database_url, key_path=settings.key_path).close()
        MasterKey.load(settings.key_path)
    except WebmailError as error:
        _give_up(f"{explain(error)}. Settings: docs/settings.md")
    except OSError as error:
        _give_up(f"the data folder cannot be used: {error}. Choose another one with WEBMAIL_DATA_DIR")
    if not os.access(settings.data_path, os.W_OK | os.X_OK):
        _give_up(f"this user may not write into the data folder {settings.data_path}. Choose another one with WEBMAIL_DATA_DIR")


def _listen(settings: Settings, *, another: str) -> socket.socket:
    try:
        return serving.listen(settings.bind, settings.port, another=another)
    except serving.CannotListenError as error:
        _give_up(str(error))


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The mail server is a stranger to the application and gets none of its settings."""
    return {name: value for name, value in environment.items() if not name.startswith(PREFIX)}


def _say(line: str) -> None:
    click.echo(f"webmail: {line}")


def _give_up(line: str) -> NoReturn:
    click.echo(f"webmail: {line}", err=True)
    sys.exit(1)
