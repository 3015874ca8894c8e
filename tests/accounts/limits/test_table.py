"""docs/limits.md names every limit, and no limit shuts out anybody whose password nobody else has."""

import ast
import gc
import re
from functools import cache
from pathlib import Path

import pytest
import time_machine

from accounts.limits import Told, refusal_of
from accounts.web.durations import when
from tests.accounts.limits import walk_accounts, walk_organizations, walk_texts

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
TABLE = (ROOT / "docs" / "limits.md").read_text()
KINDS = {"Budget", "Ceiling", "BySource", "ByWidestSource"}
CASES = {**walk_accounts.WALK, **walk_organizations.WALK, **walk_texts.WALK}
TAKES_PASSWORD = "takes the account's password"


@cache
def rows():
    """{name of a budget: the cells of its row}"""
    found = re.findall(r"^\| `([a-z:-]+)` \|(.*)\|$", TABLE, re.MULTILINE)
    assert len(found) == len(dict(found)), "a name has two rows"
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in found}


@cache
def modules():
    return [
        ast.parse(path.read_text())
        for app in ("accounts", "organizations", "tfc_auth")
        for path in sorted((ROOT / app).rglob("*.py"))
    ]


def calls(tree):
    """Yield (name of the function, call) for every call by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield (node.func.id if isinstance(node.func, ast.Name) else node.func.attr), node


def makers():
    """The kinds of budgets, and functions that make one from a name that they are given."""
    found = set(KINDS)
    for tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef) or not node.args.args:
                continue
            named = [
                call.args[0].id
                for name, call in calls(node)
                if name in KINDS and call.args and isinstance(call.args[0], ast.Name)
            ]
            if named and named[0] == node.args.args[0].arg:
                found.add(node.name)
    return found


def budgets_of_code():
    """The name of every budget that the code makes; networks around an address go by its name."""
    names, made = set(), makers()
    for tree in modules():
        for maker, call in calls(tree):
            first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
            if not isinstance(first, str) or not first:
                continue
            if maker in made:
                names.add(first)
            if maker == "Guesses":
                names |= {first, f"{first}:browsers"} | ({f"{first}:browser"} if call.args[1:] else set())
    return names


def test_sf6_the_table_has_every_budget_of_the_code_and_no_other():
    assert set(rows()) == budgets_of_code()


def test_sf6_every_row_says_everything():
    for name, cells in rows().items():
        assert len(cells) == 7, name
        assert all(cells), name


def test_sf6_every_row_has_a_walk_or_takes_the_password():
    """A row that takes the account's password can't be used up without it: nobody walks there."""
    with_password = {name for name, cells in rows().items() if TAKES_PASSWORD in cells[1]}

    assert set(CASES) | with_password == set(rows())
    assert set(CASES) & with_password == set()


def told_by_code():
    """{name of a budget: the source of its argument `told`}, "" where it has none."""
    told, made = {}, makers()
    for tree in modules():
        for maker, call in calls(tree):
            first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
            if not isinstance(first, str) or not first or maker not in {*made, "Guesses"}:
                continue
            given = {one.arg: ast.unparse(one.value) for one in call.keywords}
            told[first] = given.get("told", "")
            if maker == "Guesses":
                told |= dict.fromkeys((f"{first}:browser", f"{first}:browsers"), given["told_if_known"])
    return told


def test_pf15_every_budget_that_refuses_has_a_sentence_of_its_own_and_no_other():
    told = told_by_code()
    for name, cells in rows().items():
        is_silent = cells[4].startswith("nothing")
        assert bool(told[name]) != is_silent, name
        assert is_silent or ("wait" in cells[4] or "counts as" in cells[4]), name


def test_pf15_every_sentence_names_another_way_on(settings):
    """Whatever a module says with a used-up limit: what it was, when it ends, and what else to do."""
    settings.SUPPORT_EMAIL = "help@example.com"
    sentences = [one for one in gc.get_objects() if type(one) is Told]
    assert len(sentences) > 20
    for told in sentences:
        text = str(refusal_of(told, 86_400))
        assert re.fullmatch(r"[A-Z][^%]+\. Try again tomorrow at \d\d:\d\d UTC\. [A-Z][^%]{20,}\.", text), (
            text
        )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "in 1 second"),
        (119, "in 119 seconds"),
        (120, "in 2 minutes"),
        (301, "in 6 minutes"),
        (3540, "in 59 minutes"),
        (3541, "in about 1 hour, at 14:00 UTC"),
        (3 * 3600, "in about 3 hours, at 16:00 UTC"),
        (3 * 3600 + 1, "in about 3 hours, at 16:01 UTC"),
        (7 * 3600, "today at 20:00 UTC"),
        (86_400, "tomorrow at 13:00 UTC"),
        (3 * 86_400, "on 1 December 2026 at 13:00 UTC"),
    ],
)
def test_pf15_times_are_in_words_that_people_use_and_never_too_early(seconds, words):
    with time_machine.travel("2026-11-28 13:00:00+00:00", tick=False):
        assert when(seconds) == words


@pytest.mark.parametrize("name", sorted(CASES))
def test_sf6_nobody_without_the_password_shuts_anybody_out(name, clock, mailoutbox):
    case = CASES[name](mailoutbox)
    case.attack()
    assert case.is_used_up(), "the attack does not use the row up"

    if not case.act():
        clock.shift(300)
        case.attack()
        assert case.act()

    if case.works_again:
        assert not case.act()
        clock.shift(3600)
        case.attack()
        assert case.act()
