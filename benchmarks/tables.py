"""Make tables of Markdown out of figures: medians over the rounds, and ratios taken within each round."""

from collections.abc import Callable
from statistics import median, quantiles

from benchmarks.rounds import Figures
from benchmarks.visitors import Taken

NONE = "-"
Key = tuple[str, str]  # site and action
What = Callable[[Taken], float]


def cpu(taken: Taken) -> float:
    return taken.cpu_ms


def database_cpu(taken: Taken) -> float:
    return taken.database_ms


def per_second(taken: Taken) -> float:
    return taken.per_second


def table(*rows: list[str]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def over(taken: list[Taken], what: What) -> float:
    return median(what(one) for one in taken)


def ratios(measured: Figures, one: Key, to: Key, what: What = cpu) -> list[float]:
    """Return how one action compares with another, round by round; rounds without a figure are left out."""
    pairs = zip(measured.taken[one], measured.taken[to], strict=True)
    return [what(first) / what(second) for first, second in pairs if what(second)]


def ratio(measured: Figures, one: Key, to: Key, what: What = cpu, digits: int = 2) -> str:
    if one == to:
        return "1.00"
    return spread(ratios(measured, one, to, what), digits)


def short_ratio(measured: Figures, one: Key, to: Key, what: What = cpu) -> str:
    found = ratios(measured, one, to, what)
    return f"{median(found):.2f}" if found else NONE


def spread(values: list[float], digits: int = 2) -> str:
    if not values:
        return NONE
    if len(values) < 4:
        return f"**{median(values):.{digits}f}**"
    low, _, high = quantiles(values, n=4)
    return f"**{median(values):.{digits}f}** ({low:.{digits}f}-{high:.{digits}f})"


def percentiles(taken: list[Taken]) -> str:
    p50 = over(taken, lambda one: one.percentile_ms(50))
    p95 = over(taken, lambda one: one.percentile_ms(95))
    return f"{p50:.0f} / {p95:.0f} ms"
