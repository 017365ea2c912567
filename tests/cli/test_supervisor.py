"""The supervisor by itself, with programs that misbehave."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.started import ROOT, alive, status, told, wait_until

SCRIPT = """
import os, sys
from webmail.cli.supervisor import Program, Supervisor
programs = [
    Program(name=f"program {number}", command=["/bin/sh", "-c", each], environment=os.environ)
    for number, each in enumerate(sys.argv[1:])
]
sys.exit(Supervisor(programs, say=lambda line: print(line, flush=True), on_ready=lambda: print("ready", flush=True)).run())
"""


def run(log: Path, *programs: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as target:
        return subprocess.Popen([sys.executable, "-c", SCRIPT, *programs], cwd=ROOT, stdout=target, stderr=target)


def test_a_program_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    log, count = tmp_path / "log", tmp_path / "count"
    process = run(log, "sleep 60", f"echo x >> {count}; sleep 1; exit 7")
    wait_until(lambda: "in 2 s" in log.read_text(), seconds=15)
    process.terminate()
    assert process.wait(timeout=10) == 0
    assert log.read_text().splitlines() == [
        "ready",
        "program 1 stopped (exit status 7); starting it again in 1 s.",
        "program 1 stopped (exit status 7); starting it again in 2 s.",
    ]
    assert count.read_text() == "x\nx\n"


def test_a_program_that_cannot_start_ends_everything(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = SCRIPT.replace("environment=os.environ)", "environment=os.environ, ready=lambda: False)")
    with log.open("wb") as target:
        process = subprocess.Popen([sys.executable, "-c", script, "sleep 60", "exit 3"], cwd=ROOT, stdout=target, stderr=target)
    assert process.wait(timeout=10) == 1
    assert log.read_text() == "program 1 cannot start (exit status 3).\n"


def test_a_program_that_will_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    log, deaf = tmp_path / "log", tmp_path / "deaf"
    process = run(log, f"trap '' TERM; sleep 61 & touch {deaf}; while true; do sleep 0.2; done")
    wait_until(lambda: "ready" in log.read_text() and deaf.exists())
    children = told(process.pid, f"task/{process.pid}/children").split()
    assert len(children) == 1
    before = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert 4 < time.monotonic() - before < 6
    wait_until(lambda: not [each for each in processes() if alive(each) and status(each)[2:3] == children], seconds=2)


def processes() -> list[int]:
    """All processes of the machine, at this moment."""
    return [int(each.name) for each in Path("/proc").glob("[0-9]*")]
