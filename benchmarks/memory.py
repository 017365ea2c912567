"""What processes weigh, as Linux counts it."""

from __future__ import annotations

from pathlib import Path


def processes_below(pid: int) -> list[int]:
    """A process and all that come from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # It has ended since it was listed.
        children.setdefault(parent, []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting += children.get(each, [])
    return found


def proportional(pids: list[int]) -> float:
    """The megabytes of these processes together, where what several share counts once (PSS)."""
    return sum(_figure(f"/proc/{pid}/smaps_rollup", "Pss") for pid in pids)


def resident(pids: list[int]) -> float:
    """The megabytes of these processes, where what several share counts for each (RSS)."""
    return sum(_figure(f"/proc/{pid}/smaps_rollup", "Rss") for pid in pids)


def resident_peak(pid: int) -> float:
    """The most megabytes that a process ever had (RSS)."""
    return _figure(f"/proc/{pid}/status", "VmHWM")


def _figure(path: str, name: str) -> float:
    return next(int(line.split()[1]) / 1024 for line in Path(path).read_text().splitlines() if line.startswith(f"{name}:"))
