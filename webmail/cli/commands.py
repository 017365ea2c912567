"""The commands that need the application: run the worker, bring the index up to date, look after people and their data."""

from __future__ import annotations

import signal
import threading

import click
from flask import Flask

from webmail.cli.doctor import doctor
from webmail.cli.starting import demo, serve
from webmail.jobs import worker
from webmail.mail.session import Gate


def register(app: Flask, gate: Gate) -> None:
    """Add every command to ``flask --app app``."""
    for each in (serve, demo, doctor, _worker(gate)):
        app.cli.add_command(each)


def _worker(gate: Gate) -> click.Command:
    @click.command("worker")
    def run() -> None:
        """Deliver and index until SIGTERM; started by serve unless WEBMAIL_WORKER is external."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        worker.run(gate, stop=stop)

    return run
