"""What the documentation names must be there: settings, pages, pictures, paths, functions and tests."""

import ast
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import URLPattern, get_resolver, reverse

from tests.support.guide import blocks
from tests.support.mutants import Mutant, applied, proofs_by_row

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "docs" / "guide"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
SECURITY = (ROOT / "docs" / "security.md").read_text()

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PROMISES = {
    f"R{number}"
    for first, last in [(1, 55), (57, 59), (61, 63), (66, 66), (68, 72)]
    for number in range(first, last + 1)
}
INVARIANTS = {f"I{number}" for number in range(1, 11)}


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


# ---------------------------------------------------------------- words


def test_people_read_one_spelling_only():
    """The labels of Terraform Cloud say "Username" and "Email address"."""
    pages = [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    guide = [path for path in DOCUMENTS if path.parent.name != "decisions"]
    other = re.compile(r"\b(e-mail|user\s+names?)\b", re.IGNORECASE)

    assert names(path for path in [*pages, *guide] if other.search(path.read_text())) == []


# ---------------------------------------------------------------- links


def anchors(path):
    """The ids that headings get, here and in repository viewers."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    words = [re.sub(r"[^\w\s-]", "", heading.replace("`", "").lower()) for heading in headings]
    return {re.sub(r"\s", "-", text.strip()) for text in words}


@pytest.mark.parametrize("path", DOCUMENTS, ids=names(DOCUMENTS))
def test_links_lead_somewhere(path):
    for link in LINK.findall(path.read_text()):
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{link} does not exist"
        if anchor:
            assert anchor in anchors(file), f"{link}: no such heading"


def test_every_picture_is_used_somewhere():
    text = "".join(path.read_text() for path in DOCUMENTS)

    assert [path.name for path in GUIDE.glob("pictures/*.png") if f"pictures/{path.name})" not in text] == []


@pytest.mark.django_db
@pytest.mark.parametrize("path", sorted(GUIDE.glob("*.md")), ids=lambda path: path.stem)
def test_guide_pages_are_served_with_their_links_and_pictures(client, path):
    page = client.get("/docs" if path.stem == "index" else f"/docs/{path.stem}").content.decode()

    article = page[page.index("<main") : page.index("</main>")]
    for link in re.findall(r'href="(/docs[^"#]*)', article):
        assert client.get(link).status_code == 200, link
    for picture in re.findall(r'<img[^>]* src="/static/([^"]+)"', article):
        assert finders.find(picture), picture
    pictures = re.findall(r"!\[", path.read_text())
    assert len(re.findall(r"<img ", article)) == len(pictures)
    assert ".md" not in article.replace("README.md", "")


# ---------------------------------------------------------------- settings and paths


def settings_read():
    """The variables that tfc_auth/settings.py takes from the environment."""
    source = (ROOT / "tfc_auth" / "settings.py").read_text()
    return set(re.findall(r'(?:env\.\w+|required_unless_debug|one_of)\(\s*"([A-Z_]+)"', source))


def test_readme_explains_every_setting_and_no_other():
    explained = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert set(explained) == settings_read()


def routes(resolver, before=""):
    """Yield the paths of the URLconf as docs/urls.md writes them; the admin site counts as one."""
    for entry in resolver.url_patterns:
        path = before + str(entry.pattern)
        if path == "admin/":
            yield "/admin/"
        elif isinstance(entry, URLPattern):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", path)
        else:
            yield from routes(entry, path)


def test_urls_lists_every_path_and_no_other():
    listed = set(re.findall(r"^\| `(/[^`]*)` \|", (ROOT / "docs" / "urls.md").read_text(), re.MULTILINE))
    only_with_debug = {"/dev/outbox"}

    assert listed - only_with_debug == set(routes(get_resolver())) - only_with_debug


def test_pages_link_to_guide_pages_that_exist():
    linked = set()
    for path in (ROOT / "templates").rglob("*.html"):
        linked |= set(re.findall(r"""url ["']site:docs["'] ["']([\w-]+)["']""", path.read_text()))

    assert linked
    assert {page for page in linked if not (GUIDE / f"{page}.md").exists()} == set()
    assert reverse("site:docs", args=["two-factor"]) == "/docs/two-factor"


# ---------------------------------------------------------------- promises, places, tests


def promises():
    """Rows of the table of promises: (id, where it lives, what proves it)."""
    for line in SECURITY.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"[RI]\d+", cells[0]) and len(cells) == 4:
            yield cells[0], cells[2], cells[3]


@cache
def defined(path):
    """The functions and classes of a file, methods as Class.method."""
    found = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}" for inner in node.body if hasattr(inner, "name")}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def is_there(place):
    """Whether `file`, `file:name` or `file::name` exists."""
    path, _, name = place.replace("::", ":").partition(":")
    return (ROOT / path).exists() and (not name or name.partition("[")[0] in defined(path))


def test_every_promise_has_one_row():
    assert sorted(promise for promise, _, _ in promises()) == sorted(PROMISES | INVARIANTS)


def test_promises_live_where_the_table_says():
    for promise, where, _proof in promises():
        places = re.findall(r"`([^`]+)`", where)

        assert places, f"{promise} lives nowhere"
        assert [place for place in places if not is_there(place)] == [], promise


def test_promises_are_proved_by_tests_that_exist():
    for promise, _where, proof in promises():
        proofs = re.findall(r"`([^`]+)`", proof)

        assert proofs, f"{promise} is proved by nothing"
        assert [test for test in proofs if "::test_" not in test or not is_there(test)] == [], promise


# ---------------------------------------------------------------- promises that are broken on purpose

MUTANTS = sorted((ROOT / "docs" / "mutants").glob("*.patch"))


def test_every_promise_is_broken_on_purpose():
    """`make mutants` runs them (tests/support/mutants.py)."""
    assert {path.name.partition("-")[0] for path in MUTANTS} == PROMISES | INVARIANTS
    assert f"{len(MUTANTS)} mutants break the {len(PROMISES | INVARIANTS)} rows" in SECURITY


@pytest.mark.parametrize("path", MUTANTS, ids=lambda path: path.stem)
def test_mutants_apply_and_are_of_the_product(path):
    mutant = Mutant.of(path)

    assert not re.search(r"^@@ -\d+,0 ", path.read_text(), re.MULTILINE), "without context it lands anywhere"
    assert applied(path, ROOT, "--check") == ""
    assert mutant.changes
    assert [change for change in mutant.changes if change.startswith(("tests/", "docs/"))] == []
    assert not mutant.first or mutant.first in proofs_by_row()[mutant.row]


# ---------------------------------------------------------------- references that can be followed

FOLDERS = ["accounts", "organizations", "tfc_auth", "templates", "static", "tests", "benchmarks", "docs"]
TEXTS = {".py", ".html", ".txt", ".md", ".js", ".css", ".yaml", ".toml"}
ATTACKS = (ROOT / "docs" / "attacks.md").read_text()
DECISIONS, _NOT_BUILT = (ROOT / "docs" / "decisions" / "README.md").read_text().split("\n## Not built yet\n")
ENTRY = re.compile(r"^\| ([A-Z]{2}-\d\d|[DFIR]\d+|[A-Z]F\d+) \|", re.MULTILINE)
# Not part of the product yet, as docs/security.md says: nothing lives anywhere that a row could name.
NOT_BUILT = {"R56", "R60"}

CITED = re.compile(r"(?<![\w%./#])(?:[A-Z]{2}-\d\d|[DFIR][1-9]\d?|[A-Z]F[1-9]\d?)(?![\w%])")
TEST_NAME = re.compile(r"\btest_\w+")
FILE = re.compile(r"(?<![\w*{}<>/.-])[\w.-][\w./-]*\.(?:md|py)\b(?!\.)")
# Papers that only their writers had.
NOWHERE = re.compile(r"\b(?:the design\b|design,? (?:section )?\d|the seed\b)", re.IGNORECASE)


@cache
def texts():
    """What is written in this repository, by path; of the decisions, those that hold."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    files = [path for path in [*ROOT.iterdir(), *inside] if path.suffix in TEXTS and path.is_file()]
    found = {path: path.read_text() for path in sorted([*files, ROOT / "Makefile"])}
    found[ROOT / "docs" / "decisions" / "README.md"] = DECISIONS
    return found


def entries(text):
    return set(ENTRY.findall(text))


@cache
def in_name():
    """The ids as the names of tests write them: lg_11, or01, d06, f20, sf6."""
    attacks = {entry[:2].lower() for entry in entries(ATTACKS) if "-" in entry}
    return re.compile(rf"(?<=_)(?:({'|'.join(sorted(attacks))})_?(\d\d)|([dfir]|[a-z]f)(\d\d?))(?=_|$)")


def ids_in_names(text):
    for name in TEST_NAME.findall(text):
        for prefix, number, letter, digits in in_name().findall(name):
            yield f"{prefix.upper()}-{number}" if prefix else f"{letter.upper()}{int(digits)}"


def test_every_id_that_is_cited_can_be_looked_up():
    known = entries(DECISIONS) | entries(ATTACKS) | {row[0] for row in promises()} | NOT_BUILT
    dangling = {
        f"{path.relative_to(ROOT)}: {cited}"
        for path, text in texts().items()
        for cited in {*CITED.findall(text), *ids_in_names(text)} - known
    }

    assert sorted(dangling) == []


def test_every_attack_is_tried_by_a_test_that_carries_its_id():
    carried = {
        cited
        for path, text in texts().items()
        if path.is_relative_to(ROOT / "tests")
        for cited in ids_in_names(text)
    }

    assert sorted(entries(ATTACKS) - carried) == []


@cache
def prose(path, text):
    """What people read: of Python, comments and docstrings; of everything else, all."""
    if path.suffix != ".py":
        return text
    with path.open("rb") as source:
        comments = [t.string for t in tokenize.tokenize(source.readline) if t.type == tokenize.COMMENT]
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    return "\n".join([*comments, *(ast.get_docstring(node) or "" for node in nodes)])


def test_only_files_that_are_there_are_mentioned():
    lost = [
        f"{path.relative_to(ROOT)}: {file}"
        for path, text in texts().items()
        for file in FILE.findall(prose(path, text))
        if not (ROOT / file).is_file() and not (path.parent / file).is_file()
    ]

    assert lost == []


def test_no_paper_is_mentioned_that_is_not_in_the_repository():
    lost = [
        f"{path.relative_to(ROOT)}: {words}"
        for path, text in texts().items()
        for words in NOWHERE.findall(prose(path, text))
    ]

    assert lost == []


# ---------------------------------------------------------------- what the guide shows, and what is installed


@pytest.mark.parametrize(
    ("file", "language", "number"),
    [
        ("systemd/tfc-auth-web.service", "ini", 1),
        ("systemd/tfc-auth-work.service", "ini", 2),
        ("systemd/common.conf", "ini", 3),
        ("nginx/site.conf", "nginx", 0),
        ("nginx/tfc-auth.conf", "nginx", 1),
    ],
)
def test_of12_the_guide_shows_the_files_that_it_installs(file, language, number):
    assert (ROOT / "deploy" / file).read_text() == blocks(language)[number]


def test_of12_the_guide_shows_the_roles_that_it_makes():
    installed = "".join((ROOT / "deploy" / f"{name}.sql").read_text() for name in ("roles", "after-migrate"))
    for password in ("owner", "site"):
        installed = installed.replace(f":'{password}_password'", "'...'")
    shown = re.sub(r"PASSWORD '[^']+'", "PASSWORD '...'", "".join(blocks("sql")[:3]))

    assert [line for line in shown.splitlines() if line and line not in installed] == []
