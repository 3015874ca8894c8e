"""compose.yaml and docs/containers.md agree with the application, the image and each other."""

import re

import yaml

from tests.support.composed import compose, guide_blocks, settings_of
from tests.support.environment import ROOT

OWN = 10001  # the user of the image


def test_compose_confines_everything_that_holds_a_secret():
    services = compose()["services"]

    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert service.get("read_only", False) or name == "db", name
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
    assert [name for name, service in services.items() if "ports" in service] == ["web"]
    assert compose()["networks"]["back"] == {"internal": True}
    assert [name for name, service in services.items() if "database_owner_url" in service["secrets"]] == [
        "roles", "migrate", "grants"
    ]  # fmt: skip


def test_compose_names_settings_secrets_and_commands_that_there_are():
    settings = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    commands = {path.stem for path in ROOT.glob("accounts/management/commands/*.py")}
    file = compose()

    for service in file["services"].values():
        if service["image"] != "localhost/tfc-auth":
            continue
        for name, value in service["environment"].items():
            assert name.removesuffix("_FILE") in settings, name
            if name.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"], name
        command = service.get("command", ["python", "manage.py", "run_due_work"])
        assert command[:2] == ["python", "manage.py"]
        assert command[2] in commands
    used = {name for service in file["services"].values() for name in service["secrets"]}
    assert used == set(file["secrets"])
    assert set(settings_of(guide_blocks("ini")[0])) <= settings
    made = set(re.findall(r"> secrets/(\w+)$", guide_blocks("sh")[0], re.MULTILINE))
    assert {entry["file"] for entry in file["secrets"].values()} == {f"./secrets/{name}" for name in made}


def test_compose_trusts_the_gateway_of_its_network_alone():
    file = compose()
    [network] = file["networks"]["front"]["ipam"]["config"]

    for service in file["services"].values():
        if "TRUSTED_PROXIES" in service["environment"]:
            assert service["environment"]["TRUSTED_PROXIES"] == network["gateway"]


def test_compose_gives_the_rights_that_the_deployment_guide_gives():
    guide = (ROOT / "docs" / "deployment.md").read_text()
    told = re.findall(r"^(?:GRANT|REVOKE|ALTER DEFAULT)[^;]*;", guide, re.MULTILINE)
    scripts = [compose()["services"][name]["command"][0] for name in ("roles", "grants")]
    run = " ".join(" ".join(scripts).split())

    assert len(told) >= 9
    assert [statement for statement in told if " ".join(statement.split()) not in run] == []


def test_compose_names_one_postgresql_and_one_image_of_ours():
    services = compose()["services"].values()

    images = {service["image"] for service in services if service["image"] != "localhost/tfc-auth"}
    assert len(images) == 1  # psql is that of the server
    assert all(service.get("build") == "." for service in services if service["image"] not in images)


def test_compose_starts_services_in_an_order_that_there_is():
    services = compose()["services"]
    done = set()
    while ready := [
        name for name in services if name not in done and set(services[name].get("depends_on", {})) <= done
    ]:
        done |= set(ready)

    assert done == set(services)


def test_the_guide_s_pod_is_confined_and_asks_the_right_probes():
    pod = yaml.safe_load(guide_blocks("yaml")[0])
    [web] = pod["containers"]

    assert pod["securityContext"]["runAsUser"] == OWN
    assert web["securityContext"]["readOnlyRootFilesystem"]
    assert web["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert {mount["name"] for mount in web["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
