"""What a process that opens strangers' files may still do once it is confined."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ATTEMPTS = """
import socket, subprocess
from webmail.extract import confined{modules}
confined.confine()
def tried(what):
    try:
        what()
    except OSError:
        return "refused"
    return "done"
print(tried(lambda: open("/etc/hostname")), tried(lambda: open("/tmp/written", "w")))
print(tried(socket.socket), tried(lambda: subprocess.run(["true"])))
"""


def attempts_of_a_child(*modules: str) -> list[str]:
    """How a file read, a file written, a socket and a program end in a confined process that has these modules loaded."""
    code = ATTEMPTS.format(modules="".join(f", {each}" for each in modules))
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], env={"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()
