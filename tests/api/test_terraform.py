"""Terraform's command line: a stand-in that sends what it sends, and the program itself where it is there.

What it sends, and what it needs of the answers, was observed of Terraform 1.11.4.
"""

import re
import shutil
import urllib.error
import urllib.request

import pexpect
import pytest
from django.utils import timezone

from accounts.models import ApiToken
from tests.api.clients import Answer, token_of
from tests.support.machine import NO_TERRAFORM
from tests.support.organizations import enrolled, make_stage

DEAD = "AAAAAAAAAAAAAA.atlasv1." + "A" * 67
GO_TFE = {"Accept": "application/vnd.api+json", "User-Agent": "go-tfe"}
OF_CLOUD_BLOCK = {**GO_TFE, "X-Terraform-Integration": "cloud"}


class Cli:
    """The requests of `terraform login` and `terraform init`, one by one and in its order."""

    def __init__(self, site, token):
        self.site, self.token = site, token

    def send(self, path, headers):
        """Follow no redirect, keep no cookie, send no body."""
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        request = urllib.request.Request(self.site.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=11) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def discover(self):
        """Find the API as the program does: by a document that has to be application/json."""
        answer = self.send("/.well-known/terraform.json", {"Accept": "application/json"})
        assert answer.status_code == 200
        assert answer.headers.get_content_type() == "application/json"
        return answer.json()["tfe.v2"].rstrip("/")

    def ping(self, api, headers):
        answer = self.send(f"{api}/ping", headers)
        assert answer.status_code == 204
        return answer

    def login(self):
        """Flow A, after the token was pasted: what account/details answers decides."""
        api = self.discover()
        self.ping(api, GO_TFE)
        return self.send(f"{api}/account/details", GO_TFE)

    def init(self, organization):
        """With a `cloud` block, up to the first thing that concerns the organization."""
        api = self.discover()
        self.ping(api, OF_CLOUD_BLOCK)
        return self.send(f"{api}/organizations/{organization}/entitlement-set", OF_CLOUD_BLOCK)


def shown(answer):
    """What the program prints of a refusal: it drops title and detail if the status is no text."""
    [error] = answer.json()["errors"]
    assert error["status"] == str(answer.status_code)
    return f"{error['title']}\n\n{error['detail']}"


@pytest.fixture
def stage(live_site):
    return make_stage()


# ---------------------------------------------------------------- the stand-in


def test_discovery_names_what_clients_insist_on(live_site):
    document = Cli(live_site, DEAD).send("/.well-known/terraform.json", {"Accept": "application/json"}).json()

    assert {"tfe.v2", "modules.v1"} <= document.keys()
    assert all(address.startswith("/") and address.endswith("/") for address in document.values())


def test_ping_has_the_headers_by_which_a_client_paces_itself(live_site):
    cli = Cli(live_site, DEAD)

    headers = cli.ping(cli.discover(), OF_CLOUD_BLOCK).headers

    assert tuple(map(int, headers["TFP-API-Version"].split("."))) >= (2, 5)
    assert headers["TFP-AppName"]
    assert int(headers["X-RateLimit-Limit"]) > 3  # with 1 to 3, every call of go-tfe fails
    assert float(headers["X-RateLimit-Reset"]) >= 0


def test_login_finds_out_whose_token_it_is(live_site, stage):
    answer = Cli(live_site, token_of(stage.max)).login()

    person = answer.json()["data"]
    assert answer.status_code == 200
    assert person["type"] == "users"
    assert isinstance(person["id"], str)
    assert person["attributes"]["username"] == "max"
    assert person["attributes"]["two-factor"] == {"enabled": True, "verified": True}


@pytest.mark.parametrize("how", ["unknown", "revoked", "expired"])
def test_login_with_a_dead_token_is_told_so(live_site, stage, how):
    token = token_of(stage.max) if how != "unknown" else DEAD
    if how == "revoked":
        ApiToken.objects.all().delete()
    if how == "expired":
        ApiToken.objects.update(expires_at=timezone.now())

    answer = Cli(live_site, token).login()

    assert answer.status_code == 401
    assert answer.json()["errors"] == [{"status": "401", "title": "unauthorized"}]


def test_init_of_a_member_goes_on(live_site, stage):
    answer = Cli(live_site, token_of(stage.max)).init("fort")

    assert answer.status_code == 200
    assert answer.json()["data"]["type"] == "entitlement-sets"
    assert isinstance(answer.json()["data"]["attributes"], dict)


def test_init_of_a_locked_out_member_says_why_and_where_to_go(live_site, stage):
    answer = Cli(live_site, token_of(stage.mia)).init("fort")

    assert answer.status_code == 403
    text = shown(answer)
    assert text.startswith("two-factor required\n\nfort requires two-factor authentication.")
    [address] = re.findall(r"https?://\S+", text)
    page = live_site.visitor().get(address)
    assert (page.status, page.location.partition("?")[0]) == (302, "/session")  # and from there to enrolment


def test_init_with_a_token_from_before_two_factor_says_to_make_another(live_site, stage):
    token = token_of(stage.mia)
    enrolled(stage.mia)

    text = shown(Cli(live_site, token).init("fort"))

    assert text.startswith("two-factor required\n\nThis token was created without two-factor authentication.")
    assert f"{live_site.url}/app/settings/tokens" in text


def test_init_of_a_stranger_finds_nothing(live_site, stage):
    assert Cli(live_site, token_of(stage.eve)).init("fort").status_code == 404


# ---------------------------------------------------------------- the program itself


@pytest.fixture(scope="session")
def program():
    found = shutil.which("terraform")
    if found is None:
        pytest.skip(NO_TERRAFORM)
    return found


@pytest.fixture
def terraform(program, live_site, tmp_path):
    """Run `terraform ARGUMENTS` at a terminal, for somebody at home in a directory of his own."""
    home = tmp_path / "home"
    (home / ".terraform.d").mkdir(parents=True)
    # Discovery takes HTTPS; on a plain HTTP server its answer has to be written down.
    services = f'services = {{ "tfe.v2" = "{live_site.url}/api/v2/" }}'
    (home / ".terraformrc").write_text(f'host "{host_of(live_site)}" {{ {services} }}\n')
    environment = {
        "PATH": str(tmp_path),
        "HOME": str(home),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "",
    }

    def run(*arguments):
        return pexpect.spawn(
            program,
            list(arguments),
            env=environment,
            cwd=str(tmp_path),
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 300),
        )

    return run


def host_of(site):
    return f"{site.host}:{site.port}"


def login(terraform, site, token):
    process = terraform("login", host_of(site))
    process.expect("Enter a value:")
    process.sendline("yes")
    process.expect(re.escape("/app/settings/tokens?source=terraform-login"))
    process.expect("Enter a value:")
    process.sendline(token)
    return process


def finished(process):
    """What it printed to the end, without the frame and its line breaks; and its exit code."""
    process.expect(pexpect.EOF)
    process.close()
    text = re.sub(r"\x1b\[[0-9;]*m|[│╷╵]", "", process.before)
    return " ".join(text.split()), process.exitstatus


def test_terraform_login(terraform, live_site, stage):
    process = login(terraform, live_site, token_of(stage.max))
    process.expect("Retrieved token for user")

    text, code = finished(process)

    assert text.startswith("max")
    assert code == 0


def test_terraform_login_with_a_dead_token(terraform, live_site):
    text, code = finished(login(terraform, live_site, DEAD))

    assert "Token is invalid: unauthorized" in text
    assert code == 1


def test_terraform_init_of_a_locked_out_member(terraform, live_site, stage, tmp_path):
    finished(login(terraform, live_site, token_of(stage.mia)))
    (tmp_path / "main.tf").write_text(
        f"""terraform {{
          cloud {{
            hostname     = "{host_of(live_site)}"
            organization = "fort"
            workspaces {{ name = "somewhere" }}
          }}
        }}"""
    )

    text, code = finished(terraform("init", "-no-color"))

    assert "two-factor required" in text
    assert f"fort requires two-factor authentication. Enable it for your account: {live_site.url}/" in text
    assert code == 1
