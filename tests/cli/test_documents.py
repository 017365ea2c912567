"""The page of settings and the page of commands say what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from click import Group

from app import create_app
from tests.cli.started import ROOT
from webmail.settings import PREFIX, Settings

SETTINGS = ROOT / "docs" / "settings.md"
PLACE = re.compile(r"(<!-- settings -->\n).*(<!-- /settings -->)", re.S)


def table() -> str:
    """Every setting as the page shows it."""
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    for each in fields(Settings):
        default = f"`{each.default}`" if each.default not in ("", 0) else ""
        lines.append(f"| `{PREFIX}{each.name.upper()}` | {default} | {each.metadata['doc']} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_settings_is_that_of_the_code() -> None:
    found = PLACE.search(SETTINGS.read_text("utf-8"))
    assert found
    assert found[0] == f"<!-- settings -->\n{table()}<!-- /settings -->", "run: make plan"


def test_every_command_has_its_line(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "cli.md").read_text("utf-8")
    app = create_app(Settings(data_dir=str(tmp_path)))
    names = [name for name in app.cli.commands if name not in ("run", "shell", "routes")]
    names += [f"{name} {part}" for name, group in app.cli.commands.items() if isinstance(group, Group) for part in group.commands]
    for name in names:
        group = app.cli.commands.get(name)
        if not isinstance(group, Group):
            assert f"`flask --app app {name}" in text, name


if __name__ == "__main__":
    SETTINGS.write_text(PLACE.sub(lambda found: f"{found[1]}{table()}{found[2]}", SETTINGS.read_text("utf-8")), "utf-8")
