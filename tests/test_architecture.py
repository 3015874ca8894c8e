"""The house keeps its shape: imports run one way, factors are named at home only (design, section 3)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ["accounts", "organizations", "tfc_auth"]

# What an application may import of the others.
ALLOWED = {"accounts": set(), "organizations": {"accounts"}, "tfc_auth": {"accounts", "organizations"}}

# Inside an application, from the bottom up: a module imports its own layer or lower ones.
LAYERS = {
    "accounts": {
        "nouns": "ids prepared models exceptions crypto signals hashers validators browsers durations",
        "records": "audit batches throttle bearers senders known_browsers limits lanes lifetimes sealed "
        "sessions remembered mails carriers outbox notifications links authority",
        "factors": "factors",
        "verbs": "login passwords registration standing tokens token_expiry two_factor challenges "
        "backup_codes housekeeping key_rotation doctor",
        "web": "activity answers assurance checks context documents endpoints forms guide jsonapi "
        "link_cookies mailbox middleware pages pending readonly_admin redirects refusals remembered_cookie "
        "session_list strict_json two_factor_pages",
        "doors": "api views admin management urls apps templatetags",
    },
    "organizations": {
        "nouns": "models exceptions names converters",
        "records": "events locks keyset news",
        "verbs": "lifecycle memberships invitations policy teams tokens user_sessions doctor",
        "web": "gate api_gate acquaintances middleware context documents forms member_pages",
        "doors": "api views admin management urls apps templatetags",
    },
}
# Wiring that lists doors; nothing else may import one.
LISTS_DOORS = {"urls", "apps"}

# The only places outside accounts/factors/ that may name a factor of their own.
MAY_NAME_FACTORS = {"tfc_auth/settings.py", "accounts/urls.py"}


def modules():
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_for_types_only(node, parents):
    return any(
        isinstance(parent, ast.If) and ast.unparse(parent.test).endswith("TYPE_CHECKING")
        for parent in parents[node]
    )


def imports_of(path):
    """Yield (module, inside a function?) for every import of our own code."""
    tree = ast.parse(path.read_text())
    parents = {}

    def walk(node, above):
        parents[node] = above
        for child in ast.iter_child_nodes(node):
            walk(child, [*above, node])

    walk(tree, [])
    for node, above in parents.items():
        inside = any(isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) for parent in above)
        if is_for_types_only(node, parents):
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, inside
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                candidate = ROOT / node.module.replace(".", "/") / alias.name
                is_module = candidate.is_dir() or candidate.with_suffix(".py").exists()
                yield (f"{node.module}.{alias.name}" if is_module else node.module), inside


def own(name):
    return name.split(".")[0] in APPS


ALL = list(modules())
IDS = [name_of(path) for path in ALL]


def rank(name):
    """The layer of a module and its name, or (None, None) for the application package itself."""
    app, _, rest = name.partition(".")
    if app not in LAYERS or not rest:
        return None, None
    for number, (layer, members) in enumerate(LAYERS[app].items()):
        if rest.split(".")[0] in members.split():
            return number, layer
    raise AssertionError(f"{name} has no layer: where does it belong?")


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_applications_import_one_way(path):
    app = name_of(path).split(".")[0]
    used = {name.split(".")[0] for name, _inside in imports_of(path) if own(name)}

    assert used - {app} <= ALLOWED[app]


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_layers_import_downwards(path):
    name = name_of(path)
    here, layer = rank(name)
    if here is None:
        return
    for imported, _inside in imports_of(path):
        if imported.split(".")[0] == name.split(".")[0]:
            there, _layer = rank(imported)
            assert there is None or there <= here, f"{name} ({layer}) imports {imported}"


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_doors_never_import_doors(path):
    name = name_of(path)
    _here, layer = rank(name) if name.split(".")[0] in LAYERS else (None, None)
    if layer != "doors" or name.split(".")[-1] in LISTS_DOORS:
        return
    for imported, _inside in imports_of(path):
        if imported.split(".")[0] in LAYERS and rank(imported)[1] == "doors":
            pytest.fail(f"{name} imports {imported}")


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_no_import_inside_a_function(path):
    if path.name == "apps.py":  # AppConfig.ready connects receivers
        return
    if path.parent.name == "backends":  # a provider's SDK is loaded when it is used
        return
    late = [name for name, inside in imports_of(path) if inside]

    assert late == []


def test_no_module_imports_itself_in_a_circle():
    graph = {
        name_of(path): {name for name, _inside in imports_of(path) if own(name) and name != name_of(path)}
        for path in ALL
    }
    done, open_ = set(), []

    def visit(name):
        if name in open_:
            pytest.fail(" -> ".join([*open_[open_.index(name) :], name]))
        if name in done:
            return
        open_.append(name)
        for imported in sorted(graph.get(name, ())):
            visit(imported)
        open_.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_nobody_imports_the_wiring(path):
    if name_of(path).split(".")[0] == "tfc_auth":
        return
    assert not [name for name, _inside in imports_of(path) if name.split(".")[0] == "tfc_auth"]


def test_factors_are_named_at_home_only():
    pages = [path for path in (ROOT / "templates").rglob("*.html") if "factors" not in path.parts]
    named = []
    for path in [*ALL, *pages]:
        place = path.relative_to(ROOT).as_posix()
        if place.startswith("accounts/factors/") or place in MAY_NAME_FACTORS:
            continue
        words = re.findall(r"[A-Za-z]+", path.read_text().replace("_", " "))
        if any(word.lower().startswith(("totp", "sms")) for word in words):
            named.append(place)

    assert named == []


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_files_and_functions_stay_small(path):
    text = path.read_text()
    assert text.count("\n") <= (300 if path.name != "settings.py" else 400), (
        "which concept is missing a name?"
    )
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 45, f"{node.name} has {length} lines"
