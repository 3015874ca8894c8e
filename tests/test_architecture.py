"""The house keeps its shape: imports run one way, factors are named at home only."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ["accounts", "organizations", "tfc_auth"]

# What an application may import of the others.
ALLOWED = {"accounts": set(), "organizations": {"accounts"}, "tfc_auth": {"accounts", "organizations"}}

# The rooms of an application, floor by floor from the bottom up: a room imports rooms on lower floors only.
# A room is a folder, or a module that stands beside the folders.
FLOORS = {
    "accounts": [
        "exceptions signals plugins database jsonapi environment",
        "typed metrics",
        "models web",
        "audit",
        "crypto",
        "limits outbox evidence",
        "sessions",
        "users tokens",
        "factors",
        "login fields context_processors",
        "forms",
        "two_factor checks",
        "views api management admin templatetags",
        "urls apps",
    ],
    "organizations": [
        "models listed",
        "event_wording",
        "exceptions events news",
        "announcements",
        "access names",
        "policy tokens trail context_processors evidence",
        "members lifecycle forms",
        "views api management admin",
        "urls apps",
    ],
}
# Packages whose face (`__init__.py`) hands on what everybody uses. Nobody reaches behind it for that.
FACES = ["accounts.audit", "accounts.crypto", "accounts.limits", "accounts.outbox"]

# The only places outside accounts/factors/ that may name a factor of their own.
MAY_NAME_FACTORS = {
    "tfc_auth/settings.py",
    "accounts/urls.py",
    "organizations/management/demo/devices.py",  # what the people of the demo hold in their hands
}


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


@cache
def imports_of(path):
    """Return (module, inside a function?) for every import."""
    return list(find_imports(path))


def find_imports(path):
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


def room_of(name):
    """The room that a module stands in, as "application.room"; None for the application package itself."""
    return ".".join(name.split(".")[:2]) if name.split(".")[0] in FLOORS and "." in name else None


FLOOR_OF = {
    f"{app}.{room}": number
    for app, floors in FLOORS.items()
    for number, floor in enumerate(floors)
    for room in floor.split()
}
ROOMS = sorted({room_of(name) for name in IDS} - {None})


@cache
def graph_of(place):
    """What imports what, where `place` says what a module counts as."""
    graph = {}
    for path in ALL:
        here = place(name_of(path))
        there = {place(name) for name, _inside in imports_of(path) if own(name)}
        graph.setdefault(here, set()).update(there - {here, None})
    return graph


def reached_from(start, graph):
    """Everything that is imported by `start`, by way of others, too."""
    found, waiting = set(), [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def complaints(rule):
    """What a rule finds wrong, as "module: what"; it yields that for one module."""
    return [f"{name_of(path)}: {found}" for path in ALL for found in rule(path)]


def test_applications_import_one_way():
    def others(path):
        app = name_of(path).split(".")[0]
        used = {name.split(".")[0] for name, _inside in imports_of(path) if own(name)}
        return used - {app} - ALLOWED[app]

    assert complaints(others) == []


def test_every_room_stands_on_a_floor():
    assert [room for room in ROOMS if room not in FLOOR_OF] == []


def test_rooms_import_lower_rooms_only():
    assert [
        f"{room} imports {other}, perhaps by way of others"
        for room in ROOMS
        for other in reached_from(room, graph_of(room_of))
        if other.split(".")[0] == room.split(".")[0] and FLOOR_OF.get(other, 0) >= FLOOR_OF.get(room, 0)
    ] == []


def test_doors_never_import_doors():
    """Wiring lists doors (`urls`, `apps`); a door may only import what stands in its own folder."""
    assert complaints(doors_imported) == []


def doors_imported(path):
    name = name_of(path)
    doors = {f"{app}.{door}" for app in FLOORS for door in ["views", "api", "management", "admin"]}
    if room_of(name) not in doors or name.endswith(".urls"):
        return
    for imported, _inside in imports_of(path):
        other = room_of(imported)
        same_folder = other == room_of(name) and other.split(".")[1] != "views"
        if other in doors and not same_folder and other.split(".")[0] == name.split(".")[0]:
            yield imported


def test_nobody_reaches_behind_a_face():
    assert complaints(reached_behind_a_face) == []


def reached_behind_a_face(path):
    name = name_of(path)
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        for face in FACES:
            inside = f"{name}.".startswith(f"{face}.")
            if node.module.startswith(f"{face}.") and not inside and (ROOT / face.replace(".", "/")).is_dir():
                handed_on = set(import_module(face).__all__)
                behind = handed_on & {alias.name for alias in node.names}
                if behind:
                    yield f"from {face} import {', '.join(sorted(behind))}"


def test_no_import_inside_a_function():
    assert complaints(late_imports) == []


def late_imports(path):
    if path.name == "apps.py":  # AppConfig.ready connects receivers
        return []
    if path.parent.name == "backends":  # a provider's SDK is loaded when it is used
        return []
    return [name for name, inside in imports_of(path) if inside]


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


def test_nobody_imports_the_wiring():
    def wiring(path):
        if name_of(path).split(".")[0] == "tfc_auth":
            return []
        return [name for name, _inside in imports_of(path) if name.split(".")[0] == "tfc_auth"]

    assert complaints(wiring) == []


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


# Who may read audit events. They may be deleted when they are old, so that no rule can rely on them; what
# asks for the last hour is named here with its function.
MAY_TOUCH_EVENTS = {
    "accounts.admin",
    "accounts.admin.events",
    "accounts.models",
    "accounts.models.audit",
    "accounts.users.rights",  # names the permission to see them
    "accounts.web.read_only_admin",  # leads to their list
    "organizations.trail.entries",  # says those of an organization to its owners
    "organizations.trail.reading",  # finds them
}


def test_sf11_nobody_but_the_record_itself_touches_audit_events():
    def touching(path):
        name = name_of(path)
        if name in MAY_TOUCH_EVENTS or name.startswith("accounts.audit."):
            return []
        return re.findall(r"\bAuditEvent\b|auditevent", path.read_text())

    assert [found for found in complaints(touching) if "append_only" not in found] == []


def test_files_and_functions_stay_small():
    assert complaints(too_long) == [], "which concept is missing a name?"


def too_long(path):
    text = path.read_text()
    if (lines := text.count("\n")) > (300 if path.name != "settings.py" else 400):
        yield f"{lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > 45:
                yield f"{node.name} has {length} lines"


def test_contributing_shows_the_rooms_in_the_order_of_their_floors():
    """The tables of CONTRIBUTING.md name every room once; where they stand is where the floors put them."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for app, floors in FLOORS.items():
        table = re.search(rf"\| `{app}/` \|.*?\n\n", text, re.DOTALL)[0]
        rows = re.findall(r"^\| (`.*) \|$", table, re.MULTILINE)[1:]
        shown = [re.findall(r"`(\w+)/?`", row) for row in rows]

        assert [sorted(row) for row in shown] == [sorted(floor.split()) for floor in reversed(floors)]


def test_contributing_lists_every_place_where_applications_plug_in():
    listed = set(
        re.findall(
            r"^\| `(accounts/[\w/]+\.py:\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
        )
    )
    places = {
        f"{path.relative_to(ROOT).as_posix()}:{name}"
        for path in ALL
        for name in re.findall(r"^(\w+)(?:: .*)? = (?:Registry|Signal)\(", path.read_text(), re.MULTILINE)
    }

    assert listed == places


def test_what_the_benchmarks_use_is_there():
    """They are no part of the suite, so that nothing else notices when a name that they use is gone."""
    used = set()
    for path in sorted((ROOT / "benchmarks").rglob("*.py")):
        text = path.read_text()
        used |= set(re.findall(r'import_module\("((?:accounts|organizations)[\w.]*)"\)\.(\w+)', text))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and own(node.module or ""):
                used |= {(node.module, alias.name) for alias in node.names if alias.name != "*"}

    assert [
        f"{module}: {name}" for module, name in sorted(used) if not hasattr(import_module(module), name)
    ] == []
