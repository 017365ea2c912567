"""The supervisor: starts the processes of the webmail, starts again what dies, and ends all of it together.

Each program runs in a process group of its own, so that Ctrl-C reaches the supervisor alone and the programs end in
order. If the supervisor itself is killed, the kernel ends its programs (PR_SET_PDEATHSIG, prctl(2)): none stays behind.

    starting --all ready--> running --a program dies--> pause (1, 2, 4 … 30 s) --> running
        |                      |
        a program dies         SIGTERM, SIGINT, SIGHUP
        +----------------------+--> ending: SIGTERM to all, SIGKILL after 4.5 s
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

ENDING_SECONDS = 4.5
CALM_SECONDS = 60.0
LONGEST_PAUSE = 30.0
LOOK_SECONDS = 0.05
PROGRESS_SECONDS = 5.0

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to run: its command, and how to see that it is ready for work. ``quiet``: only its errors are shown."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    sockets: tuple[int, ...] = ()
    quiet: bool = False
    ready: Callable[[], bool] = _always


@dataclass(slots=True)
class _Running:
    """A program while it runs or waits to be started again."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0
    is_ready: bool = False


@dataclass(slots=True)
class Supervisor:
    """Runs programs until a signal comes. ``say`` gets plain lines for the person at the terminal.

    Signals are blocked and waited for in the loop of ``run``, so it must be called from the main thread.
    """

    programs: Sequence[Program]
    say: Callable[[str], None]
    on_ready: Callable[[], None] = lambda: None
    _all: list[_Running] = field(default_factory=list)

    def run(self) -> int:
        """Start everything and keep it running. Returns 0 after a signal, 1 if a program dies before all were ready once."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_SIGNALS, signal.SIGCHLD})
        self._all = [_Running(program) for program in self.programs]
        try:
            for each in self._all:
                self._start(each)
            return self._wait_until_ready() or self._keep_running()
        finally:
            self._end()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _start(self, each: _Running) -> None:
        parent = os.getpid()

        def prepare() -> None:
            """Runs in the child: end with the parent, even if it died a moment ago, and take signals again."""
            if _LIBC is not None:
                _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
                if os.getppid() != parent:
                    os.kill(os.getpid(), signal.SIGKILL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())

        # The supervisor has no threads, so running Python between fork and exec is safe.
        each.process = subprocess.Popen(  # noqa: S603  # the commands are written in webmail.cli.serving
            each.program.command,
            env=dict(each.program.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if each.program.quiet else None,
            pass_fds=each.program.sockets,
            process_group=0,
            preexec_fn=prepare,
        )
        each.started = time.monotonic()

    def _wait_until_ready(self) -> int:
        """Returns 0 when everything is ready, 1 if something died first, and 130 for a signal meanwhile."""
        told = time.monotonic()
        while not all(each.is_ready for each in self._all):
            if self._signalled():
                return 130
            for each in self._all:
                if each.process is not None and each.process.poll() is not None:
                    self.say(f"{each.program.name} cannot start ({_manner(each.process.returncode)}).")
                    return 1
                each.is_ready = each.is_ready or each.program.ready()
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                self.say("still starting: " + ", ".join(each.program.name for each in self._all if not each.is_ready))
        self.on_ready()
        return 0

    def _keep_running(self) -> int:
        while not self._signalled():
            for each in self._all:
                self._look_after(each)
        return 0

    def _look_after(self, each: _Running) -> None:
        now = time.monotonic()
        if each.process is None:
            if now >= each.start_at:
                self._start(each)
            return
        if each.process.poll() is None:
            return
        self._end_group(each, signal.SIGKILL)
        each.deaths = 1 if now - each.started > CALM_SECONDS else each.deaths + 1
        pause = min(LONGEST_PAUSE, 2.0 ** (each.deaths - 1))
        self.say(f"{each.program.name} stopped ({_manner(each.process.returncode)}); starting it again in {pause:.0f} s.")
        each.process, each.start_at = None, now + pause

    def _signalled(self) -> bool:
        """Wait a moment, or less if a program ends; tells whether the supervisor was asked to end."""
        found = signal.sigtimedwait({*_SIGNALS, signal.SIGCHLD}, LOOK_SECONDS)
        return found is not None and found.si_signo != signal.SIGCHLD

    def _end(self) -> None:
        """Ask every program to end, then insist."""
        for each in self._all:
            self._end_group(each, signal.SIGTERM, group=False)
        until = time.monotonic() + ENDING_SECONDS
        while time.monotonic() < until and any(each.process is not None and each.process.poll() is None for each in self._all):
            signal.sigtimedwait({signal.SIGCHLD}, LOOK_SECONDS)
        for each in self._all:
            self._end_group(each, signal.SIGKILL)
            if each.process is not None:
                each.process.wait()

    @staticmethod
    def _end_group(each: _Running, number: signal.Signals, *, group: bool = True) -> None:
        """Signal a program, or it and what it has started."""
        if each.process is None or (not group and each.process.poll() is not None):
            return
        try:
            if group:
                os.killpg(each.process.pid, number)
            else:
                os.kill(each.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return


def _manner(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
