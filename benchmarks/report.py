"""What was measured: printed as one JSON object a line, and kept."""

from __future__ import annotations

import json
import statistics
from datetime import UTC, datetime

from tests.servers.application import ROOT

RESULTS = ROOT / "benchmarks" / "results"


class Report:
    """Prints each figure as it is known, and keeps them all in one file."""

    def __init__(self) -> None:
        RESULTS.mkdir(exist_ok=True)
        self.path = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"

    def add(self, name: str, values: list[float], *, unit: str = "ms", reach: float | None = None) -> None:
        ordered = sorted(values)
        line = {
            "name": name,
            "unit": unit,
            "median": round(statistics.median(ordered), 2),
            "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 2),
            "n": len(ordered),
            "min": round(ordered[0], 2),
        }
        if reach is not None:
            line["reach"] = reach
        print(json.dumps(line), flush=True)
        with self.path.open("a") as target:
            target.write(json.dumps(line) + "\n")
