"""The Dockerfile is built, and what the image says is started as an engine would."""

import os
import re
import stat
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from tests.support import environment
from tests.support.composed import Proxied, Server, compose, guide_blocks, settings_of
from tests.support.environment import ROOT
from tests.support.image import Image, builds, execute, first_process
from tests.support.nginx import free_ports
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

PASSWORD = "a long enough password of mine"
SECONDS_TO_END = 10
OWN = 10001  # the user of the image


@pytest.fixture(scope="module")
def image():
    begun = time.monotonic()
    built = Image(environment.RUN / "image")  # goes with the run, even if that is killed
    print(f"\nimage: {built.size} MB, there after {time.monotonic() - begun:.0f} s")
    return built


@pytest.fixture(scope="module")
def secrets(image):
    """The folder of secrets, made by the guide's own commands."""
    folder = image.directory / environment.WORKER
    folder.mkdir()
    execute(["sh", "-euc", guide_blocks("sh")[0]], cwd=folder)
    return folder / "secrets"


# ---------------------------------------------------------------- what is in the image


@builds
def test_it_runs_as_a_user_of_its_own_and_says_what_it_is(image):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert image.config["User"] == f"{OWN}:{OWN}"
    assert list(image.config["ExposedPorts"]) == ["8000/tcp"]
    assert image.config["Labels"]["org.opencontainers.image.version"] == version
    assert image.config["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert image.config["Healthcheck"]["Test"][0] == "CMD"


@builds
def test_another_version_than_that_of_the_release_is_not_built():
    stage = (ROOT / "Dockerfile").read_text()
    [check] = re.findall(r"^RUN (grep .*?pyproject\.toml)", stage, re.MULTILINE)
    wrong = subprocess.run(["sh", "-c", check], cwd=ROOT, env={**os.environ, "VERSION": "9.9.9"}, check=False)

    assert wrong.returncode == 1


def entries(folder):
    """Every path below, with what lstat says; no other file system is entered."""
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(place) / name
            yield path, path.lstat()


@builds
def test_its_user_can_change_nothing_but_its_two_folders(image):
    found = set()
    for path, status in entries(image.root):
        mode = status.st_mode
        shared = stat.S_ISDIR(mode) and mode & stat.S_ISVTX  # as /tmp is; an engine mounts over it
        writable = status.st_uid == OWN or status.st_gid == OWN or (mode & 0o002 and not shared)
        if writable and not stat.S_ISLNK(mode) and not stat.S_ISCHR(mode):
            found.add(str(path.relative_to(image.root)))

    assert found == {"opt/tfc-auth/metrics", "opt/tfc-auth/var"}
    assert {stat.S_IMODE((image.root / path).stat().st_mode) for path in found} == {0o700}


@builds
def test_no_program_in_it_changes_the_user(image):
    odd = stat.S_ISUID | stat.S_ISGID

    assert [path for path, status in entries(image.root)
            if stat.S_ISREG(status.st_mode) and status.st_mode & odd] == []  # fmt: skip


@builds
def test_it_has_no_build_tools_and_no_leftovers(image):
    tools = re.compile(r"(gcc|cc|g\+\+|make|ld|pip3?|pip3?\.\d+|curl|wget|git)(-\d+)?")
    programs = {path.name for folder in ("usr/bin", "usr/local/bin", "opt/tfc-auth/.venv/bin")
                for path in (image.root / folder).iterdir()}  # fmt: skip

    assert [name for name in programs if tools.fullmatch(name)] == []
    assert {"python", "gunicorn"} <= programs
    assert list(image.root.rglob("site-packages/pip")) == []
    assert [path for path in (image.root / "var/lib/apt/lists").rglob("*") if path.is_file()] == []
    assert list((image.root / "var/cache/apt").rglob("*.deb")) == []
    assert not (image.root / "opt/pip").exists()


@builds
def test_it_has_the_program_and_nothing_else_of_the_working_tree(image):
    release = image.root / "opt/tfc-auth"

    assert {path.name for path in release.iterdir()} == {
        "__pycache__", ".venv", "accounts", "collected-static", "docs", "LICENSE", "manage.py",
        "metrics", "organizations", "pyproject.toml", "requirements.txt", "static", "templates",
        "tfc_auth", "var",
    }  # fmt: skip
    assert {path.name for path in (release / "docs").iterdir()} == {"guide", "openapi.yaml"}


@builds
def test_secrets_of_the_builder_stay_outside(image):
    """Neither the files that a working tree may hold nor the configuration of pip are in the image."""
    history = " ".join(step.get("created_by", "") for step in image.description["history"])

    assert not re.search(r"SECRET_KEY|ENCRYPTION_KEYS|PASSWORD", history + " ".join(image.config["Env"]))
    assert not (image.root / "etc/pip.conf").exists()
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"  # what is not listed is not sent
    assert not {"!.env", "!var/", "!secrets/", "!.git/", "!tfc-auth.env"} & set(rules)


@builds
def test_all_code_is_compiled_and_python_takes_it_whatever_the_dates_are(image):
    release = image.root / "opt/tfc-auth"
    places = [release / "manage.py"]
    places += [
        path for name in ("accounts", "organizations", "tfc_auth") for path in (release / name).rglob("*.py")
    ]
    django = next(release.glob(".venv/lib/python3*/site-packages/django"))

    for path in [*places, *django.glob("*.py")]:
        [compiled] = (path.parent / "__pycache__").glob(f"{path.stem}.cpython-*.pyc")
        assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00", path  # by hash, unchecked


# ---------------------------------------------------------------- compose.yaml on a real PostgreSQL


@pytest.fixture(scope="module")
def server(secrets):
    running = Server((secrets / "postgres_password").read_text())
    for name in ("database_url", "database_owner_url"):
        text = (secrets / name).read_text().replace("@db/", f"@127.0.0.1:{running.port}/")
        execute(["tee", str(secrets / name)], input=text)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def place(secrets):
    """Where a service of compose.yaml runs, as `Image.run` takes it: its settings, its secrets as files."""

    def of(service, **settings):
        found = compose()["services"][service]
        given = settings_of(guide_blocks("ini")[0]) | found["environment"]
        # The tests connect from this machine's own address, as Docker's gateway does for its proxy.
        given |= {"TRUSTED_PROXIES": "127.0.0.1", **settings}
        return {"environment": given, "secrets": [secrets / name for name in found["secrets"]]}

    return of


@pytest.fixture(scope="module")
def prepared(image, server, secrets, place):
    for command in (lambda: server.script("roles", secrets), lambda: run_service(image, "migrate", place),
                    lambda: server.script("grants", secrets)):  # fmt: skip
        done = command()
        assert done.returncode == 0, done.stdout + done.stderr
    return server


def run_service(image, name, place, **settings):
    return image.run(*compose()["services"][name]["command"], **place(name, **settings))


@pytest.fixture(scope="module")
def site(image, prepared, place):
    [port] = free_ports(1)
    running = image.start(**place("web", PORT=str(port), METRICS_PEERS="127.0.0.1"))
    visitor = Proxied(f"http://127.0.0.1:{port}")
    wait_until(lambda: not running.running or visitor.is_up(), lambda: running.log.read_text())
    yield running, visitor
    end(running)


def end(kept):
    kept.kill()  # takes no time, and nothing of it is needed any more
    kept.stop()


@builds
def test_the_site_runs_on_compose_s_roles_with_a_read_only_root(image, site, place):
    running, visitor = site
    page = visitor.get("/session")

    assert page.status == 200, running.log.read_text()
    [sheet] = re.findall(r'<link[^>]* href="(/static/css/app[^"]*\.css)"', page.text)
    assert re.search(r"app\.[0-9a-f]{12}\.css$", sheet)  # collected in the image
    assert visitor.get(sheet).status == 200
    assert visitor.get("/readyz").status == 200
    assert visitor.get("/docs").status == 200
    assert visitor.get("/api/v2/openapi.yaml").status == 200
    figures = Visitor(visitor.base_url).get("/metrics")  # Prometheus comes past the proxy
    assert figures.status == 200
    assert "tfc_auth_logins" in figures.text
    assert visitor.get("/metrics").status == 404

    made = image.run(
        "python", "manage.py", "createsuperuser", "--noinput", "--username=root", "--email=root@example.com",
        **place("web", DJANGO_SUPERUSER_PASSWORD=PASSWORD),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert visitor.post_form("/session", username="root", password=PASSWORD).location == "/app"
    assert visitor.follow(visitor.get("/app")).status == 200
    assert '"address": "192.0.2.7"' in running.log.read_text()
    assert not re.search("ERROR|Traceback|Read-only|Permission denied", running.log.read_text())


@builds
def test_the_health_check_of_the_image_sees_whether_the_server_answers(image, site, place):
    _running, visitor = site
    check = image.config["Healthcheck"]["Test"][1:]

    healthy = image.run(*check, **place("web", PORT=str(visitor.port), http_proxy="http://192.0.2.1:1"))
    assert healthy.returncode == 0, healthy.stderr
    dead = image.run(*check, **place("web", PORT=str(free_ports(1)[0])))
    assert dead.returncode == 1


@builds
@pytest.mark.parametrize(
    "command",
    [
        ["check", "--deploy", "--fail-level", "WARNING"],
        ["migrate", "--check"],
        ["run_due_work"],
        ["doctor"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_runs_in_it(image, prepared, place, command):
    done = image.run("python", "manage.py", *command, **place("due-work"))

    assert done.returncode == 0, done.stdout + done.stderr


@builds
def test_sigterm_ends_every_service_in_time(image, prepared, place):
    [port] = free_ports(1)
    web = image.start(**place("web", PORT=str(port)))
    work = image.start(*compose()["services"]["due-work"]["command"], **place("due-work"))
    try:
        wait_until(Proxied(f"http://127.0.0.1:{port}").is_up, lambda: web.log.read_text())
        for service in (web, work):
            pid = wait_until(lambda service=service: first_process(service))
            wait_until(lambda pid=pid: handles_sigterm(pid))
            assert owner_of(pid) == (OWN, OWN, "0000000000000000", "1")
            execute(["kill", "-TERM", str(pid)])
        begun = time.monotonic()
        wait_until(lambda: all("ended with" in service.log.read_text() for service in (web, work)))
        print(f"\nSIGTERM: all has ended after {time.monotonic() - begun:.1f} s")
        assert time.monotonic() - begun < SECONDS_TO_END
        for service in (web, work):
            assert service.log.read_text().endswith("ended with 0\n"), service.log.read_text()
    finally:
        end(web)
        end(work)


def status_of(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def handles_sigterm(pid):
    return int(status_of(pid)["SigCgt"], 16) & 1 << 14


def owner_of(pid):
    """User, group, capabilities that it could ever have, and whether it can gain any."""
    found = status_of(pid)
    return (
        int(found["Uid"].split()[0]),
        int(found["Gid"].split()[0]),
        found["CapBnd"],
        found["NoNewPrivs"].strip(),
    )


@builds
def test_the_site_can_not_touch_tables_and_traces(prepared, secrets):
    assert prepared.rights("accounts_auditevent") == {"INSERT"}
    assert prepared.rights("django_migrations") == set()
    assert prepared.rights("accounts_user") == {"INSERT", "UPDATE", "DELETE"}

    for days, expected in {"90": {"INSERT", "DELETE"}, "": {"INSERT"}, "  ": {"INSERT"}}.items():
        done = prepared.script("grants", secrets, AUDIT_RETENTION_DAYS=days)
        assert done.returncode == 0, done.stderr
        assert prepared.rights("accounts_auditevent") == expected


@builds
def test_roles_and_grants_can_run_again_and_take_a_new_password(image, prepared, secrets, place):
    url = (secrets / "database_url").read_text()
    try:
        execute(["tee", str(secrets / "database_url")], input=re.sub(":[^:]*@", ":another-one@", url))
        refused = image.run("python", "manage.py", "migrate", "--check", **place("web"))
        assert refused.returncode != 0
        assert prepared.script("roles", secrets).returncode == 0
        taken = image.run("python", "manage.py", "migrate", "--check", **place("web"))
        assert taken.returncode == 0, taken.stderr
        assert prepared.rights("accounts_auditevent") == {"INSERT"}
    finally:
        execute(["tee", str(secrets / "database_url")], input=url)
        assert prepared.script("roles", secrets).returncode == 0


@builds
@pytest.mark.parametrize("password", ["", "with@sign", "with:colon", "with blank", "quo'te", "per%63ent"])
def test_roles_refuses_an_address_that_it_would_read_in_another_way(prepared, secrets, tmp_path, password):
    for name in ("postgres_password", "database_owner_url", "database_url"):
        (tmp_path / name).write_text((secrets / name).read_text())
    url = (tmp_path / "database_url").read_text()
    (tmp_path / "database_url").write_text(re.sub(":[^:/]*@", lambda _: f":{password}@", url))

    done = prepared.script("roles", tmp_path)

    assert done.returncode == 1
    assert "database_url must be one line: postgres://tfc_auth:PASSWORD@" in done.stderr


# ---------------------------------------------------------------- SQLite in a volume


@builds
def test_with_sqlite_in_a_volume_static_files_are_not_hidden(image, secrets, place):
    volume = secrets.parent / "volume"
    execute(["install", "--directory", "--mode=0700", f"--owner={OWN}", f"--group={OWN}", str(volume)])
    [port] = free_ports(1)
    given = place("web", PORT=str(port))
    given["environment"].pop("DATABASE_URL_FILE")
    given["volume"] = str(volume)
    for command in (["migrate", "--noinput"], ["check", "--deploy", "--fail-level", "WARNING"], ["doctor"]):
        done = image.run("python", "manage.py", *command, **given)
        assert done.returncode == 0, done.stdout + done.stderr

    running = image.start(**given)
    try:
        visitor = Proxied(f"http://127.0.0.1:{port}")
        wait_until(lambda: not running.running or visitor.is_up(), lambda: running.log.read_text())
        page = visitor.get("/session")
        [sheet] = re.findall(r'<link[^>]* href="(/static/css/app[^"]*\.css)"', page.text)
        assert visitor.get(sheet).status == 200
        fields = {"username": "dora", "email": "dora@example.com", "password": PASSWORD}
        assert visitor.post_form("/account/new", **fields).status == 302
        assert {path.name for path in volume.iterdir()} <= {"db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"}
        assert stat.S_IMODE((volume / "db.sqlite3").stat().st_mode) == 0o600
    finally:
        end(running)
