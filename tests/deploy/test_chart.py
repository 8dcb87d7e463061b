"""The Helm chart: rendered without Helm, held against Kubernetes' own schemas and against what the code says."""

import base64
import ipaddress
import json
import os
import re
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from gotpl import TemplateError
from typer.main import get_command

from burnish.main import app
from burnish_gateway.settings import GatewaySettings
from burnish_shared import streams
from burnish_shared.egress.addresses import DENIED_V4, DENIED_V6, is_public
from tests.deploy.chart import CHART, NAMESPACE, merged, notes, rendered
from tests.deploy.reading import PARTS, lacking

ROOT = Path(__file__).parents[2]
KUBERNETES: Final = "1.33"
FOREIGN: Final = frozenset({"ScaledObject", "PodMonitor", "PrometheusRule"})
"""Kinds that others' operators bring; their schemas are not Kubernetes' own."""

SERVICES: Final = ("gateway", "executor", "optimizer", "analytics", "webhooks")
GIVEN: Final = {"secrets": {"seed": "s" * 64, "kek": base64.b64encode(bytes(32)).decode()}}
EVERYTHING: Final[dict[str, Any]] = GIVEN | {
    "keda": {"enabled": True},
    "simulator": {"enabled": True},
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
    "monitoring": {"podMonitor": True, "rules": True, "dashboards": True},
    "networkPolicy": {"gatewayFrom": [{"podSelector": {}}]},
    "executor": {"providerKeysSecret": "openai", "extraEnv": {"BURNISH_LOG_LEVEL": "debug"}},
    "backup": {"enabled": True},
}
OUTSIDE: Final[dict[str, Any]] = GIVEN | {
    "postgres": {"bundled": False, "external": {"host": "db.example.com", "adminSecret": "admin", "pooler": "transaction"}},
    "nats": {
        "bundled": False,
        "external": {"host": "nats.example.com", "monitoring": "nats.example.com:8222", "networks": ["10.1.0.0/16"]},
    },
    "keda": {"enabled": True},
}
ALL: Final = {"defaults": GIVEN, "everything": EVERYTHING, "outside": OUTSIDE, "one NATS": GIVEN | {"nats": {"replicas": 1}}}


def of_kind(manifests: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [one for one in manifests if one["kind"] in kinds]


def pods(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Component → pod's spec, of everything that runs."""
    found = of_kind(manifests, "Deployment", "StatefulSet", "Job")
    return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]["template"]["spec"] for one in found}


def secrets(manifests: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {one["metadata"]["name"].removeprefix("prod-burnish-"): one["stringData"] for one in of_kind(manifests, "Secret")}


@pytest.mark.capability("I1")
@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_every_manifest_is_one_that_kubernetes_knows(values: dict[str, Any]) -> None:
    manifests = rendered(values)
    for manifest in manifests:
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    names = [(one["kind"], one["metadata"]["name"]) for one in manifests]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_who_runs_has_no_rights_that_it_does_not_need(values: dict[str, Any]) -> None:
    for component, pod in pods(rendered(values)).items():
        assert pod["automountServiceAccountToken"] is False, component
        assert pod["securityContext"]["runAsNonRoot"] is True, component
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False and security["capabilities"] == {"drop": ["ALL"]}, component
            assert security.get("readOnlyRootFilesystem") or component == "postgres", component
            assert container["resources"]["requests"] and container["resources"]["limits"]["memory"], component
            assert not re.search(r":(latest)?$", container["image"]), component
            if component != "migrate":
                assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container), component


def test_services_are_probed_where_they_answer_while_they_wait_for_a_migration() -> None:
    every = pods(rendered(EVERYTHING))
    for component in (*SERVICES, "provisioner"):
        for container in every[component]["containers"]:
            probes = [container[one]["httpGet"]["port"] for one in ("startupProbe", "livenessProbe", "readinessProbe")]
            assert probes == ["metrics"] * 3, component


def test_each_part_is_given_its_own_secret_alone_and_three_the_key() -> None:
    manifests = rendered(EVERYTHING)
    for component, pod in pods(manifests).items():
        named = {one["secretRef"]["name"] for container in pod["containers"] for one in container.get("envFrom", ())}
        assert named <= {f"prod-burnish-{component}", "openai" if component == "executor" else ""}, component
    given = secrets(manifests)
    assert {part for part in (*SERVICES, "provisioner") if "BURNISH_KEK" in given[part]} == {"gateway", "executor", "webhooks"}


def test_the_key_before_goes_to_all_that_have_the_key_and_they_start_anew() -> None:
    before, during = rendered(GIVEN), rendered({"secrets": {**GIVEN["secrets"], "kekPrevious": "old"}})
    keys = {part: own.get("BURNISH_KEK_PREVIOUS") for part, own in secrets(during).items() if "BURNISH_KEK" in own}
    assert keys == dict.fromkeys(("gateway", "executor", "webhooks", "migrate"), "old")
    assert not [part for part, own in secrets(before).items() if "BURNISH_KEK_PREVIOUS" in own]
    sums = [
        {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]["template"]["metadata"]["annotations"]["checksum/secrets"]
         for one in of_kind(manifests, "Deployment")}
        for manifests in (before, during)
    ]  # fmt: skip
    assert all(sums[0][part] != sums[1][part] for part in ("gateway", "executor", "webhooks"))


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_a_setting_that_one_service_is_given_reaches_every_service_that_reads_it(values: dict[str, Any]) -> None:
    manifests = rendered({**values, "publicUrl": "https://burnish.example.com", "executor": {}})
    stored, running = secrets(manifests), pods(manifests)
    told = {part: {one["name"]: one.get("value") for one in running[part]["containers"][0]["env"]} for part in PARTS}
    assert not lacking({part: {*told[part], *stored[part]} for part in PARTS})
    assert {part for part in PARTS if told[part].get("BURNISH_PUBLIC_URL") == "https://burnish.example.com"} == {
        "gateway", "executor", "webhooks",
    }  # fmt: skip


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_passwords_fit_each_other(values: dict[str, Any]) -> None:
    given = secrets(rendered(values))
    for part in SERVICES:
        password = re.search(rf"//burnish_{part}:([0-9a-f]{{40}})@", given[part]["DATABASE_URL"])
        assert password and password[1] == given["migrate"][f"BURNISH_PG_PASSWORD_{part.upper()}"]
    for user in (*SERVICES, "provisioner"):
        password = re.search(rf"nats://{user}:([0-9a-f]{{40}})@", given[user]["NATS_URL"])
        assert password and password[1] == given["nats"][f"BURNISH_NATS_PASSWORD_{user.upper()}"]
    assert len({part["NATS_URL"] for name, part in given.items() if name in SERVICES}) == len(SERVICES)


def test_backups_are_made_without_the_key_and_their_commands_exist() -> None:
    manifests = rendered(EVERYTHING)
    [backup, erasures] = of_kind(manifests, "CronJob")
    for job in (backup, erasures):
        pod = job["spec"]["jobTemplate"]["spec"]["template"]
        assert pod["metadata"]["labels"]["app.kubernetes.io/component"] == "migrate", "whose network policy lets it reach both servers"
        [container] = pod["spec"]["containers"]
        assert {one["name"] for one in container["env"]} == {"DATABASE_URL", "NATS_URL"} and "envFrom" not in container
        command, folder, *options = container["args"]
        found = {name for one in get_command(app).commands[command].params for name in one.opts}  # type: ignore[attr-defined]
        assert folder == "/backups" and {one for one in options if one.startswith("--")} <= found
    assert backup["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"][-2:] == ["--keep", "7"]
    [claim] = of_kind(manifests, "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_maintenance_leaves_the_servers_alone_and_fills_them_from_a_backup() -> None:
    backup = {"enabled": True, "restore": "burnish-20261121T031700.000000Z"}
    manifests = rendered(GIVEN | {"maintenance": True, "backup": backup})
    assert set(pods(manifests)) == {"postgres", "nats", "migrate"} and not of_kind(manifests, "CronJob", "HorizontalPodAutoscaler")
    [job] = of_kind(manifests, "Job")
    kubernetes_validate.validate(job, KUBERNETES, strict=True)
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"] == ["restore", f"/backups/{backup['restore']}", "--erasures", "/backups/erasures.jsonl"]
    assert job["spec"]["backoffLimit"] == 0 and pod["restartPolicy"] == "Never", "a restore that failed is looked at, not repeated"
    assert "migrate" not in pods(rendered(GIVEN | {"maintenance": True}))


def test_an_upgrade_keeps_the_secrets_of_the_install() -> None:
    fresh, again = secrets(rendered()), secrets(rendered())
    assert fresh["secrets"] != again["secrets"] and len(base64.b64decode(fresh["secrets"]["kek"])) == 32
    stored = {name: base64.b64encode(value.encode()).decode() for name, value in fresh["secrets"].items()}
    assert secrets(rendered(stored=stored)) == fresh
    assert of_kind(rendered(), "Secret")[0]["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


@pytest.mark.parametrize("values", [EVERYTHING, OUTSIDE], ids=["everything", "outside"])
def test_scaling_watches_consumers_that_exist_of_the_service_that_it_scales(values: dict[str, Any]) -> None:
    known = {(one.service, one.stream, one.durable) for one in streams.CONSUMERS}
    watched = set()
    for scaled in of_kind(rendered(values), "ScaledObject"):
        part = scaled["metadata"]["labels"]["app.kubernetes.io/component"]
        for trigger in scaled["spec"]["triggers"]:
            if trigger["type"] == "nats-jetstream":
                watched.add((part, trigger["metadata"]["stream"], trigger["metadata"]["consumer"]))
                assert trigger["metadata"]["natsServerMonitoringEndpoint"].endswith(":8222")
    assert watched <= known
    assert {service for service, _, _ in watched} == {"executor", "optimizer", "analytics", "webhooks"}


def _operated(values: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """The pods that the commands of the notes make: a shell runs them, and a `kubectl` of ours says what it was given.

    What `kubectl run` makes of it is written down here after its source: the overrides are merged into the pod that the options say,
    with --override-type=strategic the containers by name.
    """
    heard = folder / "heard"
    (folder / "kubectl").write_text(f"""#!/bin/sh\nprintf '%s\\0' "$@" >> {shlex.quote(str(heard))}; echo >> {shlex.quote(str(heard))}\n""")
    (folder / "kubectl").chmod(0o755)
    script = "\n".join(line.strip() for line in notes(values).splitlines() if line.startswith("  "))
    subprocess.run(["/bin/sh", "-eu", "-c", script], env={"PATH": f"{folder}:{os.environ['PATH']}"}, check=True)
    made = []
    for line in heard.read_text().splitlines():
        words = line.removesuffix("\0").split("\0")
        given, args = words[: words.index("--")], words[words.index("--") + 1 :]
        options = dict(one.lstrip("-").partition("=")[::2] for one in given if one.startswith("-"))
        assert given[:4] == ["-n", NAMESPACE, "run", "first"] and options["override-type"] == "strategic"
        over = json.loads(options["overrides"])["spec"]
        (container,) = over["containers"]
        assert container["name"] == "first", "the container that kubectl makes"
        container |= {"image": options["image"], "args": args, "stdin": True, "tty": True}
        labels = dict(one.split("=") for one in options["labels"].split(","))
        spec = over | {"restartPolicy": options["restart"]}
        made.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "first", "labels": labels}, "spec": spec})
    return made


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    wanted = [labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()]
    for one in selector.get("matchExpressions", ()):
        assert one["operator"] == "In"
        wanted.append(labels.get(one["key"]) in one["values"])
    return all(wanted)


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_the_commands_of_the_notes_make_pods_that_may_run_and_reach_the_database(values: dict[str, Any], tmp_path: Path) -> None:
    manifests = rendered(values)
    made = _operated(values, tmp_path)
    assert [one["spec"]["containers"][0]["args"][:2] for one in made] == [["workspace", "create"], ["users", "create"]]
    policies = {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"] for one in of_kind(manifests, "NetworkPolicy")}
    job = pods(manifests)["migrate"]
    for pod in made:
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)
        labels, spec = pod["metadata"]["labels"], pod["spec"]
        assert {name for name, policy in policies.items() if _selects(policy["podSelector"], labels)} == {"migrate"}
        for server in {"postgres", "nats"} & set(policies):
            sources = [source for rule in policies[server]["ingress"] for source in rule.get("from", ()) if "podSelector" in source]
            assert any(_selects(source["podSelector"], labels) for source in sources), server
        (container,), (same,) = spec["containers"], job["containers"]
        assert {key: container[key] for key in ("image", "env", "envFrom", "securityContext")} == {
            key: same[key] for key in ("image", "env", "envFrom", "securityContext")
        }
        assert {key: spec[key] for key in ("securityContext", "automountServiceAccountToken", "volumes")} == {
            key: job[key] for key in ("securityContext", "automountServiceAccountToken", "volumes")
        }
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "the restricted profile asks for it"
        data = {one["metadata"]["name"]: set(one["stringData"]) for one in of_kind(manifests, "Secret")} | {"admin": {"url"}}
        known = {name for one in container["envFrom"] for name in data[one["secretRef"]["name"]]}
        for one in container["env"]:
            reference = one.get("valueFrom", {}).get("secretKeyRef")
            assert not reference or reference["key"] in data[reference["name"]], one
            known.add(one["name"])
        assert {"DATABASE_URL", "BURNISH_KEK"} <= known
        group, command, *options = container["args"]
        found = {name for one in get_command(app).commands[group].commands[command].params for name in one.opts}  # type: ignore[attr-defined]
        assert {one for one in options if one.startswith("--")} <= found


def test_a_changed_migration_is_a_new_job_and_an_unchanged_one_the_same() -> None:
    """Where there is no Helm the revision is always 1, and Kubernetes refuses a job whose spec has changed."""

    def named(release: str = "prod", revision: int = 1, **over: Any) -> str:
        manifests = rendered(GIVEN | over, release=release, revision=revision)
        (job,) = of_kind(manifests, "Job")
        return str(job["metadata"]["name"])

    first = named(image={"tag": "1.0.0"})
    assert named(image={"tag": "1.0.0"}) == first != named(image={"tag": "1.0.0"}, revision=2), "with Helm each revision migrates"
    assert named(image={"tag": "1.0.0"}, gateway={"replicas": 5}) == first, "what the job does not depend on"
    others: list[dict[str, Any]] = [{"image": {"tag": "1.0.1"}}, {"nats": {"replicas": 1}}, {"simulator": {"enabled": True}}]
    others.append({"secrets": GIVEN["secrets"] | {"seed": "t" * 64}})  # New passwords, which the migration sets.
    names = {named(**({"image": {"tag": "1.0.0"}} | one)) for one in others}
    assert len(names | {first}) == len(others) + 1
    assert len(named("a-release-" * 5 + "abc", revision=99999)) <= 63


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_every_setting_is_one_that_the_reference_names(values: dict[str, Any]) -> None:
    reference = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs/reference/settings.md").read_text()))
    reference |= {"BURNISH_SIMULATOR_URL"} | {f"BURNISH_PG_PASSWORD_{part.upper()}" for part in SERVICES}
    manifests = rendered(values)
    given = {name for part, data in secrets(manifests).items() if part in (*SERVICES, "migrate", "provisioner") for name in data}
    for component, pod in pods(manifests).items():
        if component not in {"postgres", "nats"}:
            given |= {one["name"] for container in pod["containers"] for one in container.get("env", ())}
    assert given <= reference | {"POSTGRES_PASSWORD"}, given - reference


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_network_policies_let_through_what_is_needed_and_no_more(values: dict[str, Any]) -> None:
    manifests = rendered(values)
    running = set(pods(manifests)) - {"simulator"}
    policies = {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"] for one in of_kind(manifests, "NetworkPolicy")}
    assert set(policies) == running
    outward = {part for part, spec in policies.items() for rule in spec.get("egress", ()) for to in rule.get("to", ()) if
               to.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"}  # fmt: skip
    assert outward == {"gateway", "executor", "webhooks"}
    assert policies["migrate"]["ingress"] == []


@pytest.mark.capability("O3")
def test_services_that_run_code_are_given_daytona_and_may_reach_it() -> None:
    manifests = rendered(GIVEN | {"sandbox": {"backend": "daytona", "daytona": {"apiKeySecret": "daytona", "snapshot": "numpy"}}})
    told = {
        part: {
            one["name"]: one
            for one in pod["containers"][0].get("env", ())
            if one["name"].startswith(("BURNISH_SANDBOX", "BURNISH_DAYTONA"))
        }
        for part, pod in pods(manifests).items()
        if part in SERVICES
    }
    for part in ("gateway", "executor", "optimizer"):
        assert told[part]["BURNISH_SANDBOX"]["value"] == "daytona" and told[part]["BURNISH_DAYTONA_SNAPSHOT"]["value"] == "numpy"
        assert told[part]["BURNISH_DAYTONA_API_KEY"]["valueFrom"] == {"secretKeyRef": {"name": "daytona", "key": "api-key"}}
        assert _admits(_outward(_policies(manifests)[part]), "1.1.1.1")
    assert told["analytics"] == told["webhooks"] == {}
    for manifest in manifests:
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


AT: Final = "https://burnish.example.com"
OPENID: Final = {
    "issuer": "https://id.example.com", "clientId": "burnish", "clientSecretSecret": "oidc", "linkByEmail": True,
    "defaultWorkspace": "5f1c8c9e-0000-4000-8000-000000000001", "defaultRole": "editor", "defaultDomains": "example.com",
}  # fmt: skip
MAILED: Final[dict[str, Any]] = {
    "publicUrl": AT,
    "mail": {"from": "Burnish <alerts@example.com>", "urlSecret": "smtp"},
    "signIn": {
        "oidc": OPENID,
        "tokens": {"jwksUrl": "https://p.supabase.co/auth/v1/.well-known/jwks.json", "secretSecret": "jwt"},
    },
}


def _environment(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Component → variable → its value, or the Secret and the key that it is read from."""
    found: dict[str, dict[str, Any]] = {}
    for part, pod in pods(rendered(GIVEN | values)).items():
        env = pod["containers"][0].get("env", ())
        assert len({one["name"] for one in env}) == len(env), f"{part}: each variable once"
        found[part] = {
            one["name"]: one["value"] if "value" in one else tuple(one["valueFrom"].get("secretKeyRef", {}).values()) for one in env
        }
    return found


@pytest.mark.capability("T2")
def test_mail_and_sign_in_reach_who_reads_them_and_their_secrets_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    told = _environment(MAILED)
    secret = {"BURNISH_SMTP_URL": ("smtp", "url"), "BURNISH_OIDC_CLIENT_SECRET": ("oidc", "client-secret"),
              "BURNISH_JWT_SECRET": ("jwt", "jwt-secret")}  # fmt: skip
    holders = {name: {part for part, env in told.items() if env.get(name) == place} for name, place in secret.items()}
    assert holders == {"BURNISH_SMTP_URL": {"webhooks"}, "BURNISH_OIDC_CLIENT_SECRET": {"gateway"}, "BURNISH_JWT_SECRET": {"gateway"}}
    assert {part for part, env in told.items() if env.get("BURNISH_SMTP_FROM") == "Burnish <alerts@example.com>"} == {"gateway", "webhooks"}
    for name, value in told["gateway"].items():
        if name.startswith(("BURNISH_OIDC", "BURNISH_JW", "BURNISH_PUBLIC")):
            monkeypatch.setenv(name, "s" * 32 if isinstance(value, tuple) else value)
    for name, value in secrets(rendered(GIVEN | MAILED))["gateway"].items():
        monkeypatch.setenv(name, value)
    settings = GatewaySettings()
    assert settings.oidc_link_by_email is True and settings.oidc_default_role == "editor"
    assert settings.jwks_url.startswith("https://p.supabase.co/") and settings.jwt_audience == "authenticated"
    for manifest in rendered(GIVEN | MAILED):
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    quiet = _environment({"publicUrl": AT})
    assert not [name for env in quiet.values() for name in env if name.startswith(("BURNISH_SMTP", "BURNISH_OIDC", "BURNISH_JW"))]


def _policies(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"] for one in of_kind(manifests, "NetworkPolicy")}


def _outward(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The peers of the rule that leads to public addresses."""
    (rule,) = [one for one in policy["egress"] if "ports" not in one and any("ipBlock" in to for to in one["to"])]
    return list(rule["to"])


def _admits(peers: list[dict[str, Any]], text: str) -> bool:
    address = ipaddress.ip_address(text)
    return any(
        address in ipaddress.ip_network(to["ipBlock"]["cidr"])
        and not any(address in ipaddress.ip_network(one) for one in to["ipBlock"].get("except", ()))
        for to in peers
        if "ipBlock" in to
    )


def test_the_second_wall_lets_through_what_the_first_does() -> None:
    peers = _outward(_policies(rendered(GIVEN))["executor"])
    blocks = {to["ipBlock"]["cidr"]: to["ipBlock"]["except"] for to in peers}
    assert set(blocks) == {"0.0.0.0/0", "2000::/3", "64:ff9b::/96"}
    assert blocks["0.0.0.0/0"] == [str(one) for one in DENIED_V4]
    assert set(blocks["2000::/3"]) == {str(one) for one in DENIED_V6} | {"2002::/16"}, "6to4 carries IPv4, private ones too"
    for cidr, kept_out in blocks.items():
        for one in kept_out:  # Kubernetes refuses an exception that lies outside.
            inner, outer = ipaddress.ip_network(one), ipaddress.ip_network(cidr)
            assert inner.prefixlen > outer.prefixlen and inner.network_address in outer and inner.broadcast_address in outer
    for text in ("1.1.1.1", "172.15.255.255", "172.32.0.0", "2606:4700::1111", "64:ff9b::101:101"):
        assert _admits(peers, text) and is_public(ipaddress.ip_address(text)), text
    private = (
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.255.255",
    )
    wrapped = [f"64:ff9b::{int(ipaddress.IPv4Address(one)) >> 16:x}:{int(ipaddress.IPv4Address(one)) & 0xFFFF:x}" for one in private]
    for text in (*private, *wrapped, "::1", "fd00:ec2::254", "fe80::1", "2002:a00:1::1"):
        assert not _admits(peers, text) and not is_public(ipaddress.ip_address(text)), text


def test_the_second_wall_opens_for_networks_that_are_named() -> None:
    peer = {"podSelector": {"matchLabels": {"app": "ollama"}}}
    manifests = rendered(GIVEN | {"egressAllow": "10.2.0.0/16, 10.9.9.9,fd00::1,", "networkPolicy": {"egressTo": [peer]}})
    for part, policy in _policies(manifests).items():
        if part in {"gateway", "executor", "webhooks"}:
            peers = _outward(policy)
            assert [to["ipBlock"]["cidr"] for to in peers if "ipBlock" in to][3:] == ["10.2.0.0/16", "10.9.9.9/32", "fd00::1/128"]
            assert peer in peers and _admits(peers, "10.2.3.4") and not _admits(peers, "10.3.0.1")
        else:
            assert "10.2.0.0/16" not in json.dumps(policy), part


@pytest.mark.parametrize(
    ("endpoint", "over", "port"),
    [
        ("http://otel.observed:4318/v1/traces", {}, 4318),
        ("https://otel.example.com/v1/traces", {}, 443),
        ("http://[fd00::7]/v1/traces", {}, 80),
        ("http://otel.observed/v1/traces", {"otlpPort": 4318, "otlpTo": [{"namespaceSelector": {"matchLabels": {"team": "sre"}}}]}, 4318),
    ],
)
def test_whoever_sends_traces_may_reach_the_collector(endpoint: str, over: dict[str, Any], port: int) -> None:
    manifests = rendered(GIVEN | {"otlpEndpoint": endpoint, "networkPolicy": over})
    policies, closed = _policies(manifests), _policies(rendered(GIVEN))
    for manifest in of_kind(manifests, "NetworkPolicy"):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    for part, pod in pods(manifests).items():
        is_sender = any(one["name"] == "BURNISH_OTLP_ENDPOINT" for container in pod["containers"] for one in container.get("env", ()))
        assert is_sender == (part in {*SERVICES, "provisioner"})
        added = [rule for rule in policies[part].get("egress", ()) if rule not in closed[part]["egress"]]
        assert [rule["ports"] for rule in added] == ([[{"port": port}]] if is_sender else []), part
        for rule in added:
            assert rule["to"] == over["otlpTo"] if over else _admits(rule["to"], "10.1.2.3") and {"namespaceSelector": {}} in rule["to"]
            assert not _admits(rule["to"], "169.254.169.254"), "an endpoint at port 80 must not lead to the cloud's data service"


def test_metrics_are_scraped_at_a_port_of_their_own() -> None:
    manifests = rendered(EVERYTHING)
    (monitor,) = of_kind(manifests, "PodMonitor")
    assert [one["port"] for one in monitor["spec"]["podMetricsEndpoints"]] == ["metrics"]
    policies = {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"] for one in of_kind(manifests, "NetworkPolicy")}
    (service,) = [one for one in of_kind(manifests, "Service") if one["metadata"]["name"] == "prod-burnish"]
    assert [one["targetPort"] for one in service["spec"]["ports"]] == ["http"], "the API's service leads to no metrics"
    for part in (*SERVICES, "provisioner"):
        (container,) = pods(manifests)[part]["containers"]
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        given = {one["name"]: one["value"] for one in container["env"] if "value" in one}
        assert given.get("BURNISH_METRICS_ON_API") == ("false" if part == "gateway" else None), part
        assert str(ports["metrics"]) == given["BURNISH_METRICS_PORT"] and given["BURNISH_METRICS_HOST"] == "0.0.0.0", part
        assert container["readinessProbe"]["httpGet"]["port"] == "metrics", part
        scrapers = [rule["from"] for rule in policies[part]["ingress"] if rule["ports"] == [{"port": "metrics"}]]
        assert scrapers == [[{"namespaceSelector": {}}]], part


def test_a_cluster_of_nats_takes_the_configuration(tmp_path: Path) -> None:
    manifests = rendered(GIVEN)
    (configuration,) = of_kind(manifests, "ConfigMap")
    text = configuration["data"]["nats.conf"]
    assert "routes: [$CLUSTER_ROUTE_0, $CLUSTER_ROUTE_1, $CLUSTER_ROUTE_2]" in text and "sync_interval" not in text
    assert '"nats://' not in text, "the server puts no variable into a quoted value"
    path = tmp_path / "nats.conf"
    path.write_text(text.replace("/data", str(tmp_path / "data")))
    environment = {"PATH": os.environ["PATH"], "POD_NAME": "prod-burnish-nats-0", **secrets(manifests)["nats"]}
    server = Path(sysconfig.get_path("scripts")) / "nats-server"
    run = subprocess.run([str(server), "-t", "-c", str(path)], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    streams_have = [
        one["value"] for one in pods(manifests)["provisioner"]["containers"][0]["env"] if one["name"] == "BURNISH_STREAM_REPLICAS"
    ]
    assert streams_have == ["3"]


def test_streams_leave_room_on_the_disk_of_nats() -> None:
    """PROMISES 5.3: what streams may hold is 70 % of the disk at most. NATS reads GB as 2^30 bytes."""
    manifests = rendered(GIVEN)
    (configuration,) = of_kind(manifests, "ConfigMap")
    (limit,) = re.findall(r"max_file_store: (\d+)GB\b", configuration["data"]["nats.conf"])
    (server,) = [one for one in of_kind(manifests, "StatefulSet") if one["metadata"]["name"] == "prod-burnish-nats"]
    (claim,) = server["spec"]["volumeClaimTemplates"]
    size = re.fullmatch(r"(\d+)Gi", claim["spec"]["resources"]["requests"]["storage"])
    assert size and int(limit) * 10 <= int(size[1]) * 7
    assert sum(one.max_bytes for one in streams.STREAMS) <= int(limit) << 30


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_servers_are_reached_at_the_ports_that_are_needed_alone(values: dict[str, Any]) -> None:
    manifests = rendered(values)
    policies = _policies(manifests)
    for server, port in {"postgres": "postgres", "nats": "client"}.items():
        if server not in policies:
            continue
        open_to = {rule["ports"][0]["port"]: rule["from"] for rule in policies[server]["ingress"]}
        assert set(open_to) == {port} | ({"cluster", "monitor"} if server == "nats" else set())
        (container,) = pods(manifests)[server]["containers"]
        assert set(open_to) == {one["name"] for one in container["ports"]}
        (source,) = open_to[port]
        for part in (*SERVICES, "provisioner", "migrate"):
            (policy,) = [one for name, one in policies.items() if name == part]
            assert _selects(source["podSelector"], policy["podSelector"]["matchLabels"]), part
        if server == "nats":
            assert open_to["cluster"] == [{"podSelector": policies["nats"]["podSelector"]}]
            assert open_to["monitor"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "keda"}}}]


def test_nobody_reads_the_monitoring_of_nats_where_nobody_is_named() -> None:
    ingress = _policies(rendered(GIVEN | {"networkPolicy": {"natsMonitorFrom": []}}))["nats"]["ingress"]
    assert [rule["ports"] for rule in ingress] == [[{"port": "client"}], [{"port": "cluster"}]] and all(rule["from"] for rule in ingress)


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"gatway": {}}, jsonschema.ValidationError, "gatway"),
        ({"gateway": {"replicas": 0}}, jsonschema.ValidationError, "minimum"),
        ({"nats": {"replicas": 2}}, jsonschema.ValidationError, "2 is not one of"),
        ({"secrets": {"kek": "short"}}, jsonschema.ValidationError, "kek"),
        ({"postgres": {"bundled": False}}, TemplateError, "postgres.external.adminSecret is needed"),
        ({"postgres": {"bundled": False, "external": {"adminSecret": "admin"}}}, TemplateError, "postgres.external.host is needed"),
        ({"nats": {"bundled": False}}, TemplateError, "nats.external.host is needed"),
        ({"sandbox": {"backend": "daytona"}}, TemplateError, "sandbox.daytona.apiKeySecret is needed"),
        ({"sandbox": {"backend": "e2b"}}, jsonschema.ValidationError, "e2b"),
        ({"mail": {"urlSecret": "smtp"}}, TemplateError, "mail.from is needed"),
        ({"signIn": {"oidc": OPENID}}, TemplateError, "publicUrl is needed"),
        ({"publicUrl": AT, "signIn": {"oidc": OPENID | {"clientId": ""}}}, TemplateError, "signIn.oidc.clientId is needed"),
        ({"publicUrl": AT, "signIn": {"oidc": OPENID | {"clientSecretSecret": ""}}}, TemplateError, "clientSecretSecret is needed"),
        ({"publicUrl": AT, "signIn": {"oidc": OPENID | {"issuer": ""}}}, TemplateError, "defaultWorkspace needs signIn.oidc.issuer"),
        ({"publicUrl": AT, "signIn": {"oidc": OPENID | {"scopes": "email"}}}, jsonschema.ValidationError, "openid"),
        ({"publicUrl": AT, "signIn": {"oidc": OPENID | {"defaultWorkspace": "acme"}}}, jsonschema.ValidationError, "acme"),
        ({"signIn": {"tokens": {"issuer": AT}}}, TemplateError, "signIn.tokens.issuer needs signIn.tokens.jwksUrl"),
        ({"secrets": {"existing": "mine"}}, TemplateError, f"no key `seed` in namespace {NAMESPACE}"),
    ],
)
def test_values_that_cannot_work_are_refused_with_a_reason(values: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=re.escape(says)):
        rendered(values)


def test_what_the_chart_carries_is_what_stands_in_deploy() -> None:
    assert (CHART / "files/nats.conf").read_text() == (ROOT / "deploy/nats/nats.conf").read_text()
    assert (CHART / "files/rules.yml").read_text() == (ROOT / "deploy/prometheus/rules/burnish.yml").read_text()


def test_every_dashboard_reaches_grafana_as_it_stands_in_deploy() -> None:
    boards = {path.name: path.read_text() for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")}
    assert {path.name: path.read_text() for path in (CHART / "files/dashboards").glob("*.json")} == boards
    maps = [one for one in of_kind(rendered(EVERYTHING), "ConfigMap") if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
    assert {name.removeprefix("burnish-"): json.loads(text) for one in maps for name, text in one["data"].items()} == {
        name: json.loads(text) for name, text in boards.items()
    }
    assert len({one["metadata"]["name"] for one in maps}) == len(boards)
    assert not [one for one in of_kind(rendered(GIVEN), "ConfigMap") if "grafana_dashboard" in one["metadata"]["labels"]]


def test_images_are_those_that_the_dockerfile_makes() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE))
    images = {container["image"] for pod in pods(rendered(EVERYTHING)).values() for container in pod["containers"]}
    ours = {image.partition(":")[0].rpartition("burnish-")[2] for image in images if "burnish/burnish-" in image}
    assert ours <= stages and set(SERVICES) <= ours


def test_gateways_may_keep_their_image_while_an_upgrade_replaces_the_others() -> None:
    over = merged(EVERYTHING, {"image": {"tag": "2.0"}, "gateway": {"tag": "1.0"}})
    tags = {
        container["image"].partition(":")[0].rpartition("burnish-")[2]: container["image"].partition(":")[2]
        for pod in pods(rendered(over)).values()
        for container in pod["containers"]
        if "burnish/burnish-" in container["image"]
    }
    assert tags.pop("gateway") == "1.0"
    assert set(tags.values()) == {"2.0"} and {"executor", "optimizer", "analytics", "webhooks", "migrate"} <= set(tags)
    assert "burnish-migrate:2.0" in notes(over)
