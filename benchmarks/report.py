"""Write the figures as Markdown: medians over the rounds, ratios within each round."""

import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import django
import gunicorn

from benchmarks.programs import QUESTIONS
from benchmarks.rounds import CLIENTS, CLIENTS_WITH_HASH, PEOPLE, Figures
from benchmarks.servers import THREADS, WORKERS
from benchmarks.visitors import Taken

NOTE = """
[How it is measured, and how to read it](README.md). Ratios are the result: medians over the rounds, with the
middle half of the rounds in brackets. Milliseconds only illustrate.
"""


def document(figures: list[Figures]) -> str:
    parts = ["# What it costs", about(figures), NOTE.strip()]
    for measured in figures:
        parts += [
            f"## {measured.database}",
            login(measured),
            pages(measured),
            api(measured),
            with_hash(measured),
        ]
    return "\n\n".join(parts) + "\n"


def about(figures: list[Figures]) -> str:
    rounds = " and ".join(f"{len(one.hashes_per_second)} rounds on {one.database}" for one in figures)
    return (
        f"`make bench`, {datetime.now(UTC):%d %B %Y}, {rounds}. {os.cpu_count()} cores ({processor()}), "
        f"Python {platform.python_version()}, Django {django.__version__}, gunicorn {gunicorn.__version__} "
        f"with {WORKERS} workers of {THREADS} threads, everything on loopback."
    )


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def table(*rows: list[str]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def login(measured: Figures) -> str:
    rows = [
        ["one complete login", "requests", "statements", "write transactions", "function calls", "bytes",
         "CPU outside the hash", "÷ floor", "p50 / p95", "a second"],
    ]  # fmt: skip
    for site in ("floor", "product"):
        taken, counts = measured.taken[f"{site} login"], measured.counts[site]
        rows.append(
            [
                f"**{site}**",
                f"{taken[0].requests}",
                f"{counts['statements']}",
                f"{counts['write transactions']}",
                f"{counts['function calls']:,}",
                f"{taken[0].bytes:,}",
                f"{over(taken, lambda one: one.cpu_ms):.1f} ms",
                ratio(measured, f"{site} login", "floor login"),
                percentiles(taken),
                f"{over(taken, lambda one: one.per_second):.0f}",
            ]
        )
    note = f"{PEOPLE} people, {CLIENTS} at a time. Bytes are those of the answers, with headers."
    return f"{table(*rows)}\n\n{note}"


def pages(measured: Figures) -> str:
    names = {
        "hello": "floor: session, user, one query, no template",
        "start page": "product: start page (`/app`)",
        "members": "product: members of an organization that requires two-factor, behind the gate",
        "members without gate": "product: the same page without the gate",
        "refused": "product: a sign-in that is refused because of too many wrong passwords",
    }
    rows = [["one request of", "CPU", "÷ hello"]]
    for name, words in names.items():
        taken = measured.taken[name]
        rows.append([words, f"{over(taken, lambda one: one.cpu_ms):.2f} ms", ratio(measured, name, "hello")])
    gate = ratio(measured, "members", "members without gate", digits=3)
    return f"{table(*rows)}\n\nThe page behind the gate ÷ the same page without it: {gate}."


def api(measured: Figures) -> str:
    rows = [["one request of the API", "statements, bare", "statements", "CPU, bare", "CPU", "÷ bare view"]]
    for question in QUESTIONS:
        bare, product = f"floor {question.name}", f"product {question.name}"
        rows.append(
            [
                question.words,
                *(f"{measured.statements[site][question.name]}" for site in ("floor", "product")),
                *(f"{over(measured.taken[name], lambda one: one.cpu_ms):.2f} ms" for name in (bare, product)),
                ratio(measured, product, bare),
            ]
        )
    return table(*rows)


def with_hash(measured: Figures) -> str:
    hashes = measured.hashes_per_second
    rows = [
        ["whole logins with the real hash", "a second", "÷ what the hash alone allows", "p50 / p95"],
        ["the hash alone, on all cores", f"{median(hashes):.0f}", "1.00", ""],
    ]
    for site in ("floor", "product"):
        taken = measured.taken[f"{site} with hash"]
        shares = [one.per_second / alone for one, alone in zip(taken, hashes, strict=True)]
        rows.append(
            [
                f"**{site}**",
                f"{over(taken, lambda one: one.per_second):.0f}",
                spread(shares),
                percentiles(taken),
            ]
        )
    note = f"Argon2id, 19 MiB, two passes, one lane; {CLIENTS_WITH_HASH} people at a time."
    return f"{table(*rows)}\n\n{note}"


def over(taken: list[Taken], what: Callable[[Taken], float]) -> float:
    return median(what(one) for one in taken)


def percentiles(taken: list[Taken]) -> str:
    p50 = over(taken, lambda one: one.percentile_ms(50))
    p95 = over(taken, lambda one: one.percentile_ms(95))
    return f"{p50:.0f} / {p95:.0f} ms"


def ratio(measured: Figures, name: str, to: str, digits: int = 2) -> str:
    """Return the ratio of the CPU times of two actions, taken within each round, as text."""
    pairs = zip(measured.taken[name], measured.taken[to], strict=True)
    return "1.00" if name == to else spread([one.cpu_ms / other.cpu_ms for one, other in pairs], digits)


def spread(values: list[float], digits: int = 2) -> str:
    if len(values) < 4:
        return f"{median(values):.{digits}f}"
    low, _, high = quantiles(values, n=4)
    return f"**{median(values):.{digits}f}** ({low:.{digits}f}-{high:.{digits}f})"
