"""What was measured: printed as one JSON object a line, and kept."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tests.servers.application import ROOT

RESULTS = ROOT / "benchmarks" / "results"


class Report:
    """Prints each figure as it is known, and keeps them all in one file. ``on`` names what was measured where it is not the usual."""

    def __init__(self, *, on: str = "") -> None:
        self.on = on
        RESULTS.mkdir(exist_ok=True)
        self.path = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"

    def add(
        self,
        name: str,
        values: Sequence[float],
        *,
        unit: str = "ms",
        reach: float | None = None,
        p95_reach: float | None = None,
        beside: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        """One figure, its ``reach`` (of rates: at least, of all else: at most), and the medians of what others took ``beside``."""
        ordered = sorted(values)
        line: dict[str, object] = {
            "name": name,
            "unit": unit,
            "median": round(statistics.median(ordered), 2),
            "p95": round(_p95(ordered), 2),
            "n": len(ordered),
            "min": round(ordered[0], 2),
        }
        if self.on:
            line["on"] = self.on
        reached = []
        if reach is not None:
            line["reach"] = reach
            median = statistics.median(ordered)
            reached.append(median >= reach if unit.endswith("/s") else median <= reach)
        if p95_reach is not None:
            line["p95_reach"] = p95_reach
            reached.append(_p95(ordered) <= p95_reach)
        if reached:
            line["reached"] = all(reached)
        for who, theirs in (beside or {}).items():
            line[who] = round(statistics.median(theirs), 2)
            line[f"n of {who}"] = len(theirs)
        print(json.dumps(line), flush=True)
        with self.path.open("a") as target:
            target.write(json.dumps(line) + "\n")


def _p95(ordered: Sequence[float]) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
