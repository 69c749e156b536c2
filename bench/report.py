"""One line for each promise: figure, budget, kept or not."""

import statistics
import sys
from dataclasses import dataclass, field


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)]


@dataclass
class Report:
    title: str
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        print(f"\n{self.title}")

    def promise(self, what: str, figure: float, budget: float, unit: str) -> None:
        kept = figure <= budget
        print(
            f"  {what:<52} {figure:9.1f} {unit:<3} budget {budget:7.1f} {unit:<3} {'kept' if kept else 'NOT KEPT'}"
        )
        if not kept:
            self.broken.append(what)

    def promise_at_least(self, what: str, figure: float, least: float, unit: str) -> None:
        kept = figure >= least
        print(
            f"  {what:<52} {figure:9.1f} {unit:<3} least  {least:7.1f} {unit:<3} {'kept' if kept else 'NOT KEPT'}"
        )
        if not kept:
            self.broken.append(what)

    def figure(self, what: str, figure: float, unit: str) -> None:
        print(f"  {what:<52} {figure:9.1f} {unit}")

    def note(self, what: str, values: list[float], unit: str) -> None:
        middle = statistics.median(values)
        print(
            f"  {what:<52} {middle:9.1f} {unit:<3} median of {len(values)}, {min(values):.1f} to {max(values):.1f}"
        )

    def end(self) -> None:
        """Exit status 1 when a promise was not kept."""
        sys.exit(1 if self.broken else 0)
