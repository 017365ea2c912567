"""Setting up on a machine where something is missing: one line that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.started import ROOT

NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_DEFAULT_TIMEOUT": "5"}
"""Nobody listens there."""


def set_up(python: str, folder: Path, *, requirements: str = "requirements.txt") -> subprocess.CompletedProcess[str]:
    """Make an environment with nothing in the environment of the script but where programs are."""
    command = [str(ROOT / "scripts" / "setup.sh"), python, str(folder / "environment"), requirements]
    around = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), **NO_INDEX}
    return subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True, timeout=120)


def stand_in(path: Path, script: str) -> str:
    """A Python of the test's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_an_environment_is_made_and_its_packages_installed(tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("")
    result = set_up(sys.executable, tmp_path, requirements=str(tmp_path / "none.txt"))
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "environment" / "bin" / "python").exists()
    assert not list(tmp_path.glob("tmp.*"))


@pytest.mark.parametrize(
    ("python", "reason"),
    [(f'exec {sys.executable} "$@"', "No matching distribution found for nowhere-to-be-had==1"), ("echo out of memory; exit 1", "/tmp.")],
    ids=["no package index", "without a reason"],
)
def test_packages_that_cannot_be_had_are_one_line_that_says_what_to_do(tmp_path: Path, python: str, reason: str) -> None:
    stand_in(tmp_path / "environment" / "bin" / "python", python)
    (tmp_path / "wanted.txt").write_text("nowhere-to-be-had==1\n")
    result = set_up(sys.executable, tmp_path, requirements=str(tmp_path / "wanted.txt"))
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("webmail: the packages could not be installed. Check that the Python package index can be reached")
    assert reason in line


def test_what_is_missing_is_named_with_its_package(tmp_path: Path) -> None:
    missing = {
        "/nowhere/python3": "apt install python3 python3-venv",
        stand_in(tmp_path / "python3", 'case "$*" in *venv*) exit 1 ;; esac'): "apt install python3-venv",
    }
    for python, advice in missing.items():
        result = set_up(python, tmp_path)
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert advice in line
    assert not (tmp_path / "environment").exists()
