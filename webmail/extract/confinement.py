"""What a program that reads strangers' data gives up before it looks at them: files, sockets, memory and time without end."""

from __future__ import annotations

import contextlib
import encodings
import importlib
import logging
import pkgutil
import resource
import signal
import warnings
from collections.abc import Callable

MEMORY = 512 * 1024 * 1024


def confine(prepare: Callable[[], None]) -> None:
    """Give up for good what the program does not need, after it has loaded by ``prepare`` what libraries load when first used."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    # Python loads a codec from its file when it is first used.
    for module in pkgutil.iter_modules(encodings.__path__, "encodings."):
        with contextlib.suppress(ImportError):
            importlib.import_module(module.name)
    prepare()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # No descriptor beyond the three that are open: neither a file nor a socket can be opened.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def allow(seconds: int) -> None:
    """So many more seconds of processor time; then the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))
