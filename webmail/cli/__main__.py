"""``python -m webmail.cli serve`` and ``python -m webmail.cli demo``, which is what make calls."""

from __future__ import annotations

import click

from webmail.cli.starting import demo, serve

if __name__ == "__main__":
    click.Group("webmail", commands=[serve, demo], help="Start the webmail.")(prog_name="webmail")
