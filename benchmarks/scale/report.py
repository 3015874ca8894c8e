"""Write the costs at all sizes as Markdown, and say what is not flat."""

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import django

from benchmarks.markdown import processor, table
from benchmarks.scale.sizes import SIZES

Cost = dict[str, Any]
Figures = dict[int, dict[str, Any]]

# From the smallest to the largest size. An index of a million rows is one or two blocks deeper than one of a
# thousand, and a login looks into some twenty.
LIMITS = {"statements": (1.0, 2), "blocks": (1.5, 40), "calls": (1.2, 2_000)}
WORDS = {"statements": "statements", "blocks": "blocks", "calls": "function calls"}

# What a thousand people have, by table: rows for each.
PER_PERSON = {
    "accounts_user": 1,
    "organizations_membership": 1,
    "factor_totp_totpdevice": 1,
    "factor_backup_codes_backupcodeset": 1,
    "factor_backup_codes_backupcode": 10,
    "accounts_session": 2,
    "accounts_rememberedbrowser": 1,
    "accounts_apitoken": 1,
}


def document(figures: Figures, seconds: float) -> str:
    rows = list(joined(figures))
    parts = [
        "# What grows",
        about(figures, seconds),
        "[How it is measured, and how to read it](README.md#what-grows).",
        "## Not flat",
        not_flat(rows) or "Nothing.",
    ]
    for group in dict.fromkeys(costs[0]["group"] for costs in rows):
        shown = [costs for costs in rows if costs[0]["group"] == group]
        parts += [f"## {group}", costs_table(shown, figures)]
    parts += ["## How much room it takes", room(figures)]
    return "\n\n".join(parts) + "\n"


def about(figures: Figures, seconds: float) -> str:
    sizes = " and ".join(f"{size:,} people with {SIZES[size].own:,} things of one person" for size in figures)
    loaded = " and ".join(f"{found['loaded']:.0f}" for found in figures.values())
    return (
        f"`make bench-scale`, {datetime.now(UTC):%d %B %Y}, {seconds / 60:.0f} minutes, {loaded} seconds of "
        f"them to load. {sizes}. {os.cpu_count()} cores ({processor()}), Python {platform.python_version()}, "
        f"Django {django.__version__}, PostgreSQL."
    )


def joined(figures: Figures) -> Iterator[list[Cost]]:
    """Yield the costs of each action, from the smallest size to the largest."""
    yield from (list(costs) for costs in zip(*(found["costs"] for found in figures.values()), strict=True))


def growth(costs: list[Cost]) -> list[str]:
    """Return in words what grows from the smallest to the largest size, more than it may."""
    small, large = costs[0], costs[-1]
    if small["failure"] or large["failure"]:
        return [f"fails: {large['failure'] or small['failure']}"]
    found = []
    for name, (times, more) in LIMITS.items():
        before, after = small[name], large[name]
        if before is not None and after is not None and after > before * times + more:
            found.append(f"{WORDS[name]} x {after / max(before, 1):,.1f}")
    if large["calls"] is None and small["calls"] is not None:
        found.append(f"time x {large['ms'] / max(small['ms'], 1):,.0f}")
    return found


def not_flat(rows: list[list[Cost]]) -> str:
    lines = [
        f"- {costs[0]['group']}: {costs[0]['name']} ({', '.join(growth(costs))}{why(costs[0])})"
        for costs in rows
        if growth(costs)
    ]
    return "\n".join(lines)


def why(cost: Cost) -> str:
    return f"; on purpose: {cost['reads_all']}" if cost["reads_all"] else ""


def costs_table(rows: list[list[Cost]], figures: Figures) -> str:
    sizes = " / ".join(f"{size:,}" for size in figures)
    head = [f"at {sizes} people", "statements", "blocks", "function calls", "ms", "of these the database's"]
    return table(head, *map(line, rows))


def line(costs: list[Cost]) -> list[str]:
    if failures := [cost["failure"] for cost in costs if cost["failure"]]:
        return [
            f"**{costs[0]['name']}**",
            failures[-1].replace("|", "/").replace("\n", " ")[:120],
            "",
            "",
            "",
            "",
        ]
    name = f"**{costs[0]['name']}**" if growth(costs) else costs[0]["name"]
    return [
        name,
        *(values(costs, column) for column in ("statements", "blocks", "calls", "ms", "database_ms")),
    ]


def values(costs: list[Cost], name: str) -> str:
    texts = ["-" if cost[name] is None else f"{cost[name]:,.0f}" for cost in costs]
    return texts[0] if len(set(texts)) == 1 else " / ".join(texts)


def room(figures: Figures) -> str:
    """Return what a row takes, and what a thousand people do."""
    tables = figures[max(figures)]["tables"]
    rows = [["table", "rows", "bytes a row", "of these indexes", "MB for 1,000 people"]]
    sum_of_all = 0.0
    for name, (number, size, indexes) in sorted(tables.items(), key=lambda found: -sum(found[1][1:])):
        if number < 500:
            continue
        each = (size + indexes) / number
        people = PER_PERSON.get(name, 0) * each / 1_000
        sum_of_all += people
        rows.append(
            [
                name,
                f"{number:,}",
                f"{each:,.0f}",
                f"{indexes / number:,.0f}",
                f"{people:.2f}" if people else "-",
            ]
        )
    event = sum(tables["accounts_auditevent"][1:]) / tables["accounts_auditevent"][0]
    note = (
        f"Together **{sum_of_all:.1f} MB for 1,000 people**, each with two-factor, ten recovery codes, one "
        f"membership, two sessions, a remembered browser and a token. Audit events come on top, and stay: "
        f"{event:,.0f} bytes each, so {event * 1_000_000 / 1e9:.1f} GB for a million."
    )
    return f"{table(*rows)}\n\n{note}"
