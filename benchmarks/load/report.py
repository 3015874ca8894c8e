"""Write what was measured under load as Markdown."""

import os
import platform
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

import django
import gunicorn

from benchmarks.load.answers import Answers, percentile_ms
from benchmarks.load.phases import CLIENTS, Logins, Options, Use
from benchmarks.markdown import processor, spread, table

LEAST = 10  # of a kind, to have a p99 at all
LONGEST_LOG = 3_000  # characters
RAISED = re.compile(r"^ *((?:\w+\.)*\w*(?:Error|Exception|Ended)\b.*)$", re.MULTILINE)


@dataclass
class Figures:
    """What was measured on one database."""

    database: str
    use: Use | None = None
    logins: Logins | None = None
    memory: dict[int, tuple[int, int]] = field(default_factory=dict)
    shapes: list[Use] = field(default_factory=list)

    @property
    def uses(self) -> list[Use]:
        return [*([self.use] if self.use else []), *self.shapes]

    @property
    def has_errors(self) -> bool:
        return any(use.answers.errors for use in self.uses)


def document(figures: list[Figures], options: Options) -> str:
    parts = [
        "# Under load",
        about(options),
        "[How it is measured, and how to read it](README.md#under-load).",
    ]
    for found in figures:
        parts += sections(found, options)
    return "\n\n".join(parts) + "\n"


def about(options: Options) -> str:
    return (
        f"`make load`, {datetime.now(UTC):%d %B %Y}. {options.people} people use the site for "
        f"{options.seconds:.0f} seconds, and each waits for {options.think:g} seconds on average between two "
        f"requests. {os.cpu_count()} cores ({processor()}), which the clients and the database share, Python "
        f"{platform.python_version()}, Django {django.__version__}, gunicorn {gunicorn.__version__}."
    )


def sections(found: Figures, options: Options) -> Iterator[str]:
    if found.use:
        yield f"## {options.people} people on {found.database}"
        yield in_words(found.use)
        yield by_kind(found.use.answers)
    if found.logins:
        yield f"## Logins alone on {found.database}"
        yield logins_table(found.logins)
    if found.memory:
        yield f"## Memory of a worker, on {found.database}"
        yield memory_table(found.memory, options)
    if found.shapes:
        yield f"## Threads against processes, on {found.database}"
        yield shapes_table(found.shapes)
    if errors := [line for use in found.uses for line in errors_of(use)]:
        yield f"## Errors on {found.database}"
        yield "\n".join(errors)


def in_words(use: Use) -> str:
    answers = use.answers
    number = sum(answers.errors.values())
    errors = f"{number or 'no'} error{'' if number == 1 else 's'}"
    return (
        f"{use.workers} workers of {use.threads} threads: {answers.requests:,} requests, "
        f"{answers.requests / answers.seconds:.0f} a second; {answers.logins:,} logins, "
        f"{answers.logins / answers.seconds:.1f} a second; **{errors}**. "
        f"Workers together: {use.rss / 1024:.0f} MB (RSS), {use.pss / 1024:.0f} MB (PSS)."
    )


def by_kind(answers: Answers) -> str:
    rows = [["kind of request", "number", "p50", "p95", "p99"]]
    for kind, durations in sorted(answers.durations.items()):
        texts = [f"{percentile_ms(durations, percent):.0f} ms" for percent in (50, 95, 99)]
        rows.append([kind, f"{len(durations):,}", *(texts if len(durations) >= LEAST else ["", "", ""])])
    every = [one for durations in answers.durations.values() for one in durations]
    texts = [f"**{percentile_ms(every, percent):.0f} ms**" for percent in (50, 95, 99)]
    rows.append(["**all**", f"{len(every):,}", *texts])
    return table(*rows)


def logins_table(found: Logins) -> str:
    rows = [
        ["whole logins", "a second", "÷ what the hash alone allows", "÷ floor"],
        ["the hash alone, on all cores", f"{median(found.alone):.1f}", "1.00", ""],
    ]
    for name in ("floor", "product"):
        shares = [one / alone for one, alone in zip(found.of[name], found.alone, strict=True)]
        ratios = [one / floor for one, floor in zip(found.of[name], found.of["floor"], strict=True)]
        rows.append([f"**{name}**", f"{median(found.of[name]):.1f}", spread(shares), spread(ratios)])
    return f"{table(*rows)}\n\n{CLIENTS} people at a time, {len(found.alone)} rounds."


def memory_table(found: dict[int, tuple[int, int]], options: Options) -> str:
    rows = [["after so many requests", "RSS", "PSS"]]
    rows += [
        [f"{sent:,}" if sent else "its start", f"{rss / 1024:.1f} MB", f"{pss / 1024:.1f} MB"]
        for sent, (rss, pss) in found.items()
    ]
    note = f"One worker of {options.threads} threads, all of them busy: one login for each 20 requests."
    return f"{table(*rows)}\n\n{note}"


def shapes_table(uses: list[Use]) -> str:
    rows = [
        [
            "workers x threads",
            "requests a second",
            "logins a second",
            "p50",
            "p95",
            "p99",
            "RSS",
            "PSS",
            "errors",
        ]
    ]
    for use in uses:
        every = [one for durations in use.answers.durations.values() for one in durations]
        rows.append(
            [
                f"{use.workers} x {use.threads}",
                f"{use.answers.requests / use.answers.seconds:.0f}",
                f"{use.answers.logins / use.answers.seconds:.1f}",
                *(f"{percentile_ms(every, percent):.0f} ms" for percent in (50, 95, 99)),
                f"{use.rss / 1024:.0f} MB",
                f"{use.pss / 1024:.0f} MB",
                f"{sum(use.answers.errors.values())}",
            ]
        )
    return f"{table(*rows)}\n\nMemory is that of all workers together."


def errors_of(use: Use) -> Iterator[str]:
    for what, number in use.answers.errors.most_common():
        yield f"- {use.workers} workers of {use.threads} threads: {what} ({number} times)"
    if not use.answers.errors:
        return
    for raised, number in Counter(RAISED.findall(use.log)).most_common():
        yield f"- in the log: {raised} ({number} times)"
    if use.log:
        yield f"\n```\n{use.log[-LONGEST_LOG:]}\n```"
