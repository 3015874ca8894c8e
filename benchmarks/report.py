"""Write the figures as Markdown."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import django
import gunicorn

from benchmarks import summary
from benchmarks.programs import QUESTIONS
from benchmarks.rounds import CLIENTS, CLIENTS_WITH_HASH, Figures
from benchmarks.servers import THREADS, WORKERS
from benchmarks.sites import FLOOR, PEERS, PEERS_VENV, PRODUCT
from benchmarks.tables import cpu, database_cpu, over, per_second, percentiles, ratio, spread, table

NOTE = """
[How it is measured, and how to read it](README.md). Ratios are the result: medians over the rounds, with the
middle half of the rounds in brackets. Milliseconds only illustrate.
"""
HELLO = (FLOOR.name, "hello")


def document(figures: list[Figures]) -> str:
    parts = ["# What it costs", about(figures), NOTE.strip(), "## In short", summary.summarize(figures)]
    for measured in figures:
        parts += [f"## {measured.database}", counts_of_login(measured), login(measured)]
        parts += [pages(measured), refusal(measured), api(measured), with_hash(measured)]
    return "\n\n".join(part for part in parts if part) + "\n"


def about(figures: list[Figures]) -> str:
    rounds = " and ".join(f"{len(one.hashes_per_second)} rounds on {one.database}" for one in figures)
    return (
        f"`make bench`, {datetime.now(UTC):%d %B %Y}, {rounds}. {os.cpu_count()} cores ({processor()}), "
        f"Python {platform.python_version()}, Django {django.__version__}, gunicorn {gunicorn.__version__} "
        f"with {WORKERS} workers of {THREADS} threads, everything on loopback. {versions(figures)}"
    )


def versions(figures: list[Figures]) -> str:
    """Name the peers with their versions, as their environment has them."""
    peers = [peer for peer in PEERS if all(peer in measured.sites for measured in figures)]
    if not peers:
        return "Without peers: their environment could not be made."
    found = [f"{peer.title} {version_of(peer.title)}" for peer in peers]
    return f"{' and '.join(found)}."


def version_of(package: str) -> str:
    name = package.replace("-", "_")
    folders = sorted(PEERS_VENV.glob(f"lib/python*/site-packages/{name}-*.dist-info"))
    return folders[-1].name.removeprefix(f"{name}-").removesuffix(".dist-info") if folders else ""


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def counts_of_login(measured: Figures) -> str:
    wire = "statements on the wire" if measured.has_server else "statements"
    rows = [["one complete login", "requests", wire, "BEGIN, COMMIT, savepoints", "write transactions",
             "function calls", "÷ floor", "bytes"]]  # fmt: skip
    if measured.has_server:
        rows[0] += ["rows written", "dead rows", "log bytes"]
    floor = measured.counts[FLOOR.name]["login"]
    for site in measured.sites:
        taken, counts = measured.taken[site.name, "login"], measured.counts[site.name]["login"]
        row = [
            f"**{site.title}**",
            f"{taken[0].requests}",
            f"{counts['statements']}",
            f"{counts['transaction control']}",
            f"{counts['write transactions']}",
            f"{counts['function calls']:,}",
            f"{counts['function calls'] / floor['function calls']:.2f}",
            f"{taken[0].bytes:,}",
        ]
        if measured.has_server:
            written, dead = measured.rows[site.name, "login"]
            row += [f"{written:.1f}", f"{dead:.1f}", f"{over(taken, lambda one: one.log_bytes):,.0f}"]
        rows.append(row)
    return f"{table(*rows)}\n\nBytes are those of the answers, with headers; log bytes those of the database."


def login(measured: Figures) -> str:
    rows = [["one complete login", "CPU outside the hash", "÷ floor"]]
    rows[0] += ["database CPU", "÷ floor"] if measured.has_server else []
    rows[0] += ["p50 / p95", "a second"]
    for site in measured.sites:
        taken, floor = measured.taken[site.name, "login"], (FLOOR.name, "login")
        row = [
            f"**{site.title}**",
            f"{over(taken, cpu):.1f} ms",
            ratio(measured, (site.name, "login"), floor),
        ]
        if measured.has_server:
            row.append(f"{over(taken, database_cpu):.1f} ms")
            row.append(ratio(measured, (site.name, "login"), floor, database_cpu))
        rows.append([*row, percentiles(taken), f"{over(taken, per_second):.0f}"])
    return f"{table(*rows)}\n\n{measured.sizes.people - 2} people, {CLIENTS} at a time."


def pages(measured: Figures) -> str:
    rows = [["one request of", "statements", "function calls", "÷ hello", "CPU", "÷ hello"]]
    rows[0] += ["database CPU", "÷ hello"] if measured.has_server else []
    for site in measured.sites:
        rows += [
            request(measured, site.name, page.name, f"{site.title}: {page.words}") for page in site.pages
        ]
        if site.refuses_at:
            words = f"{site.title}: a sign-in that is refused because of too many wrong passwords"
            rows.append(request(measured, site.name, "refused", words))
    name = PRODUCT.name
    gate = ratio(measured, (name, "members"), (name, "members without gate"), digits=3)
    return f"{table(*rows)}\n\nThe page behind the gate ÷ the same page without it: {gate}."


def request(measured: Figures, site: str, action: str, words: str) -> list[str]:
    taken, counts = measured.taken[site, action], measured.counts[site][action]
    hello = measured.counts[FLOOR.name]["hello"]
    row = [
        words,
        f"{counts['statements']}",
        f"{counts['function calls']:,}",
        f"{counts['function calls'] / hello['function calls']:.2f}",
        f"{over(taken, cpu):.2f} ms",
        ratio(measured, (site, action), HELLO),
    ]
    if measured.has_server:
        row.append(f"{over(taken, database_cpu):.2f} ms")
        row.append(ratio(measured, (site, action), HELLO, database_cpu))
    return row


def refusal(measured: Figures) -> str:
    if not measured.has_server:
        return ""
    written, dead = measured.rows[PRODUCT.name, "refused"]
    taken = measured.taken[PRODUCT.name, "refused"]
    counts = measured.counts[PRODUCT.name]["refused"]
    return (
        f"A refused sign-in writes {written:.2f} rows, rolled back or not, and leaves {dead:.2f} dead ones. "
        f"Committed write transactions: {counts['write transactions']}. It adds "
        f"{over(taken, lambda one: one.log_bytes):.0f} bytes to the log."
    )


def api(measured: Figures) -> str:
    rows = [["one request of the API", "statements, bare", "statements", "CPU, bare", "CPU", "÷ bare view"]]
    rows[0] += ["database CPU ÷ bare view"] if measured.has_server else []
    for question in QUESTIONS:
        bare, product = (FLOOR.name, question.name), (PRODUCT.name, question.name)
        row = [
            question.words,
            *(f"{measured.counts[site][name]['statements']}" for site, name in (bare, product)),
            *(f"{over(measured.taken[key], cpu):.2f} ms" for key in (bare, product)),
            ratio(measured, product, bare),
        ]
        if measured.has_server:
            row.append(ratio(measured, product, bare, database_cpu))
        rows.append(row)
    return table(*rows)


def with_hash(measured: Figures) -> str:
    hashes = measured.hashes_per_second
    action, floor = "login with hash", (FLOOR.name, "login with hash")
    rows = [
        [
            "whole logins with the real hash",
            "a second",
            "÷ floor",
            "÷ what the hash alone allows",
            "p50 / p95",
        ],
        ["the hash alone, on all cores", f"{median(hashes):.0f}", "", "1.00", ""],
    ]
    for site in measured.sites:
        taken = measured.taken[site.name, action]
        shares = [one.per_second / alone for one, alone in zip(taken, hashes, strict=True)]
        rows.append(
            [
                f"**{site.title}**",
                f"{over(taken, per_second):.0f}",
                ratio(measured, (site.name, action), floor, per_second),
                spread(shares),
                percentiles(taken),
            ]
        )
    note = f"Argon2id, 19 MiB, two passes, one lane; {CLIENTS_WITH_HASH} people at a time."
    return f"{table(*rows)}\n\n{note}"
