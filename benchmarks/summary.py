"""Sum the figures up in one table, which the README of the repository shows as well."""

import re
from statistics import median

from benchmarks.programs import QUESTIONS
from benchmarks.rounds import Figures
from benchmarks.sites import FLOOR, PRODUCT, Site
from benchmarks.tables import NONE, What, cpu, database_cpu, per_second, short_ratio, table

Columns = list[tuple[Figures, Site]]
BEGIN, END = "<!-- the figures of make bench -->", "<!-- end of the figures -->"
BETWEEN = re.compile(f"(?<={re.escape(BEGIN)}\n\n).*?(?=\n\n{re.escape(END)})", re.DOTALL)
SECTION = re.compile(r"(?<=^## In short\n\n).*?(?=\n\n## )", re.DOTALL | re.MULTILINE)


def found_in(results: str) -> str:
    """Return the summary that a results.md has."""
    found = SECTION.search(results)
    assert found is not None
    return found[0]


def put_into(readme: str, text: str) -> str:
    """Return the README with this summary in the place of the former one."""
    return BETWEEN.sub(lambda _: text, readme)


def summarize(figures: list[Figures]) -> str:
    """Return the summary: the product and its peers against the floor, on each database."""
    columns = [(measured, site) for measured in figures for site in measured.sites if site != FLOOR]
    rows = [["", *(f"{site.title}, {measured.database}" for measured, site in columns)]]
    rows += [*login(columns), *pages(columns), *api(columns)]
    return f"{floors(figures)}\n\n{table(*rows)}"


def floors(figures: list[Figures]) -> str:
    words = []
    for measured in figures:
        counts = measured.counts[FLOOR.name]["login"]
        share = median(
            one.per_second / alone
            for one, alone in zip(
                measured.taken[FLOOR.name, "login with hash"], measured.hashes_per_second, strict=True
            )
        )
        words.append(
            f"{counts['statements']} statements and {counts['write transactions']} write transactions on "
            f"{measured.database}, and {share:.2f} of the logins that the password hash alone allows"
        )
    return f"A login at the floor takes {'; '.join(words)}."


def login(columns: Columns) -> list[list[str]]:
    def counted(words: str, what: str) -> list[str]:
        return [words, *(f"{one.counts[site.name]['login'][what]}" for one, site in columns)]

    calls = [
        one.counts[site.name]["login"]["function calls"] / one.counts[FLOOR.name]["login"]["function calls"]
        for one, site in columns
    ]
    return [
        counted("statements of a complete login", "statements"),
        counted("write transactions of a complete login", "write transactions"),
        ["function calls of a complete login ÷ floor", *(f"{share:.2f}" for share in calls)],
        compared("CPU of a complete login outside the hash ÷ floor", columns, "login"),
        compared("CPU of the database for it ÷ floor", columns, "login", what=database_cpu),
        compared("logins a second with the real hash ÷ floor", columns, "login with hash", what=per_second),
    ]


PAGES = {
    "start page": "start page ÷ a page of the floor that says hello: CPU, and the database's",
    "two-factor page": "two-factor page ÷ the same",
    "members": "list of members ÷ the same",
    "refused": "sign-in that is refused after too many wrong passwords ÷ the same",
}


def pages(columns: Columns) -> list[list[str]]:
    rows = []
    for name, words in PAGES.items():
        site_cpu = compared(words, columns, name, "hello")
        database = compared(words, columns, name, "hello", what=database_cpu)
        both = zip(site_cpu[1:], database[1:], strict=True)
        rows.append([words, *(one if other == NONE else f"{one}, {other}" for one, other in both)])
    gate = [
        short_ratio(one, (site.name, "members"), (site.name, "members without gate"))
        if site == PRODUCT
        else NONE
        for one, site in columns
    ]
    return [*rows, ["a page behind the two-factor gate ÷ the same page without it: CPU", *gate]]


def api(columns: Columns) -> list[list[str]]:
    words = "over the API ÷ a bare view with much the same statements: CPU"
    rows = []
    for question in QUESTIONS:
        rows.append(compared(f"{question.words} {words}", columns, question.name))
        words = "÷ the same"
    return rows


def compared(
    words: str, columns: Columns, action: str, floors_action: str = "", what: What = cpu
) -> list[str]:
    """Return a row: this action against the floor's, for each site that has it."""
    floor = (FLOOR.name, floors_action or action)
    return [
        words,
        *(
            short_ratio(one, (site.name, action), floor, what) if (site.name, action) in one.taken else NONE
            for one, site in columns
        ),
    ]
