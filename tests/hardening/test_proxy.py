"""What docs/deployment.md tells about proxy, log and services is true (SF10)."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from django.urls import URLPattern, get_resolver

from tests.hardening.headers import EXACTLY, lacking, weak_policy
from tests.support import environment
from tests.support.crawler import FORM
from tests.support.guide import DEPLOYMENT, blocks
from tests.support.nginx import PROGRAM, Nginx
from tests.support.people import PASSWORD
from tests.support.servers import start_site
from tests.support.visitor import parse_reply
from tests.support.waiting import wait_until
from tfc_auth.logs import mask_tokens

TOKEN = "17.1xVmSR.zzSignatureThatOpensAnAccountzz"
# Further names of parameters that would be a secret in a path.
SECRETS = re.compile(r"<(?!int:)(?:\w+:)?\w*(?:token|secret|code|key|link)\w*>")


def routes(patterns=None, prefix=""):
    """Every path of the URLconf, with its parameters as `<type:name>`."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path
        else:
            yield from routes(pattern.url_patterns, path)


WITH_TOKENS = sorted({f"/{SECRETS.sub(TOKEN, path)}" for path in routes() if SECRETS.search(path)})
LINKS = [*WITH_TOKENS, f"/app/invitations/{TOKEN}"]


# ---------------------------------------------------------------- which addresses are masked


def logged(path):
    """What the map of the guide makes of a path, as nginx does: the first expression that fits."""
    [body] = re.findall(r"map \$uri \$tfc_auth_uri \{(.*?)\n\}", blocks("nginx")[0], re.DOTALL)
    for pattern, value in re.findall(r'"~([^"]+)" "?([^";]+)"?;', body):
        if found := re.search(pattern.replace("(?<", "(?P<"), path):
            return re.sub(r"\$\{?(\w+)\}?", lambda match: found[match[1]], value)
    return path


def test_sf10_the_url_conf_has_links_with_tokens():
    assert {"/account/confirm/" + TOKEN, "/account/password/reset/" + TOKEN} <= set(WITH_TOKENS)


@pytest.mark.parametrize("path", LINKS)
def test_sf10_every_address_with_a_token_is_masked_in_both_logs(path):
    for line in (logged(path), mask_tokens(f"GET {path} HTTP/1.1")):
        assert "Signature" not in line
        assert "***" in line


@pytest.mark.parametrize(
    "path", ["/", "/session", "/account/confirm", "/account/password/reset", "/app/acme"]
)
def test_sf10_other_addresses_are_logged_as_they_are(path):
    assert logged(path) == path


@pytest.mark.parametrize("path", LINKS)
def test_sf10_nor_is_it_where_a_page_leads_on_to(path):
    for value in (path, path.replace("/", "%2F")):
        line = mask_tokens(
            f'"GET /session?a=b&next={value}&c=d HTTP/1.1" 200 "https://x.example/?next={value}"'
        )

        assert "Signature" not in line
        assert line.startswith('"GET /session?a=b&next=***')
        assert "200" in line


# ---------------------------------------------------------------- gunicorn


@pytest.mark.django_db(transaction=True)
def test_sf10_the_access_log_of_gunicorn_is_masked_too(db):
    site = start_site(environment.test_database_url(), workers=1, GUNICORN_CMD_ARGS="--access-logfile=-")
    try:
        visitor = site.visitor()
        for path in LINKS:
            visitor.get(f"{path}?next={path}", Referer=f"{site.url}{path}")
        visitor.get("/session?marker=1")
        wait_until(lambda: "GET /session?marker=1" in site.log(), site.log)
        log = site.log()
    finally:
        site.stop()

    assert "GET /account/confirm/***" in log
    assert "Signature" not in log


def test_sf10_the_command_of_the_guide_finds_its_configuration():
    """From the folder of the program, by the program that pip has put there."""
    [command] = re.findall(r"^    \.venv/bin/gunicorn (.*)$", DEPLOYMENT, re.MULTILINE)
    gunicorn = shutil.which("gunicorn", path=os.path.dirname(sys.executable))

    done = subprocess.run(
        [gunicorn, *command.split(), "--print-config"],
        cwd=environment.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    shown = dict(re.findall(r"^(\w+)\s+= (.*)$", done.stdout, re.MULTILINE))
    assert (shown["worker_class"], shown["logger_class"]) == ("<Worker()>", "<MaskingLogger()>")
    assert shown["forwarded_allow_ips"] in ("", "[]", "['']")
    assert shown["control_socket_disable"] == "True"
    assert (shown["workers"], shown["threads"]) == ("3", "4")


# ---------------------------------------------------------------- systemd


def units():
    """The files of the guide, by their paths."""
    return dict(
        re.findall(r"^`(/etc/systemd/system/[^`]+)`.*\n\n```ini\n([^`]*)```", DEPLOYMENT, re.MULTILINE)
    )


def test_sf10_the_units_are_closed(tmp_path):
    found = units()
    web, work, common = found.values()

    assert [path.rpartition("/")[2] for path in found] == [
        "tfc-auth-web.service",
        "tfc-auth-work.service",
        "common.conf",
    ]
    assert "run_due_work --loop" in work
    assert "--config python:tfc_auth.server" in web
    for line in [
        "UMask=0077",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=",
        "MemoryDenyWriteExecute=yes",
    ]:
        assert f"\n{line}\n" in common


@pytest.mark.parametrize("unit", ["tfc-auth-web.service", "tfc-auth-work.service"])
def test_sf10_the_figure_of_systemd_is_what_the_guide_says(tmp_path, unit):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return  # no systemd on this machine; the lines are tested above
    for path, text in units().items():
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    done = subprocess.run(
        [analyze, "security", "--offline=true", f"--root={tmp_path}", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )

    [figure] = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    [said] = re.findall(r"`systemd-analyze security [^`]+` says ([\d.]+)", DEPLOYMENT)
    assert float(figure) <= float(said), done.stdout


# ---------------------------------------------------------------- the real nginx, where there is one

if PROGRAM:

    @pytest.fixture(scope="module")
    def proxied(django_db_setup):
        """A site behind nginx, and the nginx."""
        site = start_site(
            environment.test_database_url(),
            workers=1,
            HTTPS="1",
            TRUSTED_PROXIES="127.0.0.1",
            SITE_URL="https://127.0.0.1",
        )
        nginx = Nginx(site)
        yield site, nginx
        nginx.stop()
        site.stop()

    def reply(answer):
        return parse_reply("https://127.0.0.1", answer)

    @pytest.mark.django_db(transaction=True)
    def test_sf10_behind_nginx_pages_have_each_header_once(proxied):
        _site, nginx = proxied
        page = reply(nginx.ask("GET /session HTTP/1.1"))

        assert page.status == 200
        assert list(lacking(page)) == [f"Server: {page.headers['Server']}"]
        for name in [*EXACTLY, "Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security"]:
            assert len(page.headers.get_all(name)) == 1, name
        assert page.headers["Server"] == "nginx"

    @pytest.mark.django_db(transaction=True)
    def test_sf9_behind_nginx_programs_and_forms_are_refused_over_http(proxied):
        _site, nginx = proxied
        form = f"username=a&password={PASSWORD}"
        posted = nginx.ask(
            "POST /session HTTP/1.1",
            f"Content-Type: {FORM}",
            f"Content-Length: {len(form)}",
            "X-Forwarded-Proto: https",
            body=form,
            tls=False,
        )

        assert reply(posted).status == 403
        assert reply(nginx.ask("GET /api/v2/ping HTTP/1.1", tls=False)).status == 403
        assert (
            reply(nginx.ask("GET /session HTTP/1.1", tls=False)).headers["Location"]
            == "https://127.0.0.1/session"
        )
        assert reply(nginx.ask("GET /api/v2/ping HTTP/1.1")).status == 204

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (("POST /session HTTP/1.1", "Content-Length: 50000000"), 413),
            (("GET /session HTTP/1.1", f"A: {'a' * 40_000}"), 400),
            (("GET / HTTP/1.1", "Host: a b"), 400),
        ],
    )
    def test_sf12_what_nginx_refuses_by_itself_has_the_headers(proxied, lines, status):
        _site, nginx = proxied
        refusal = reply(nginx.ask(*lines))

        assert refusal.status == status
        assert refusal.headers["X-Frame-Options"] == "DENY"
        assert refusal.headers["X-Content-Type-Options"] == "nosniff"
        assert "max-age=" in refusal.headers["Strict-Transport-Security"]
        assert "frame-ancestors 'none'" in refusal.headers["Content-Security-Policy"]
        assert not any(
            "unsafe" in problem for problem in weak_policy(refusal.headers["Content-Security-Policy"])
        )

    @pytest.mark.django_db(transaction=True)
    def test_sf10_no_log_of_nginx_holds_a_token_also_when_the_application_is_gone(proxied):
        site, nginx = proxied
        requests = [
            (f"{method} {path} HTTP/1.1", f"Referer: https://127.0.0.1{link}", "User-Agent: a-browser")
            for link in LINKS
            for path in (link, link + "/", f"/session?next={link}", f"/nothing?a=b&next={link}", f"/{link}")
            for method in ("GET", "POST")
        ]
        for tls in (True, False):
            for lines in requests:
                nginx.ask(*lines, tls=tls)
        site.kill()
        gone = [reply(nginx.ask(*lines)) for lines in requests]

        assert {answer.status for answer in gone} == {502}
        assert {answer.headers["X-Frame-Options"] for answer in gone} == {"DENY"}
        logs = nginx.logs()
        assert "GET /account/confirm/*** HTTP/1.1" in logs
        assert '"https://127.0.0.1" "a-browser"' in logs
        assert "Signature" not in logs
