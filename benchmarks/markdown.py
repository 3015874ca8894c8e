"""Write tables and figures as Markdown."""

import platform
from pathlib import Path
from statistics import median, quantiles


def table(*rows: list[str]) -> str:
    """Return a table whose first row is its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def spread(values: list[float], digits: int = 2) -> str:
    """Return the median, and the middle half of the values if there are enough."""
    if len(values) < 4:
        return f"{median(values):.{digits}f}"
    low, _, high = quantiles(values, n=4)
    return f"**{median(values):.{digits}f}** ({low:.{digits}f}-{high:.{digits}f})"


def processor() -> str:
    """Return the name of this machine's processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
