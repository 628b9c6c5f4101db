"""What the adapters decide without asking anybody: windows, ids, sentences, states of what was read."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from shared.azure import flux
from shared.azure.connection import arm_scope, metrics_audience
from shared.azure.deployments import deployment
from shared.azure.errors import by_status, retry_after_seconds, sentence
from shared.azure.ids import parse
from shared.azure.run_command import NEVER_RAN, Ended, command_id, ended, packed
from shared.azure.window import Window, window
from shared.errors import Conflict, NotFound, Refused, Retry, Superseded, SwitchyardError
from shared.probes import CommandSeen
from tests.fleets import FLEET, GREEN

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("seconds_past_noon", "since", "begin", "end"),
    [
        (0, None, -7, -2),
        (59, None, -7, -2),
        (60, None, -6, -1),
        (0, NOON - 4 * MINUTE, -4, -2),
        (0, NOON - 4 * MINUTE + timedelta(seconds=1), -3, -2),
        (0, NOON - 60 * MINUTE, -7, -2),
    ],
    ids=["whole", "cut", "next", "since", "since-in-a-minute", "since-long-ago"],
)
def test_a_window_is_whole_minutes_inside_what_is_complete(
    seconds_past_noon: int, since: datetime | None, begin: int, end: int
) -> None:
    found = window(NOON + timedelta(seconds=seconds_past_noon), since, 300, 120)
    assert found == Window(NOON + begin * MINUTE, NOON + end * MINUTE)
    assert found.minutes == end - begin


def test_a_window_after_what_is_complete_is_empty() -> None:
    found = window(NOON, NOON, 300, 120)
    assert found.empty
    assert found.minutes == 0


def test_a_resource_id_is_read_in_any_case() -> None:
    zone = parse("/SUBSCRIPTIONS/s-1/resourcegroups/rg/PROVIDERS/microsoft.network/dnszones/contoso.com")
    assert zone == ("s-1", "rg", "microsoft.network/dnszones", "contoso.com")


@pytest.mark.parametrize(
    "text", ["", "contoso.com", "/subscriptions/s/resourceGroups/rg", "/x/subscriptions/s"]
)
def test_what_is_not_a_resource_id_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="not the id"):
        parse(text)


@pytest.mark.parametrize(
    ("status", "code", "kind", "after_seconds"),
    [
        (400, "BadRequest", Refused, None),
        (401, "ExpiredAuthenticationToken", Retry, 5),
        (403, "AuthorizationFailed", Refused, None),
        (404, "ResourceNotFound", NotFound, None),
        (408, "", Retry, 5),
        (409, "OperationNotAllowed", Retry, 5),
        (409, "AnotherOperationInProgress", Retry, 5),
        (409, "ScopeLocked", Conflict, None),
        (412, "PreconditionFailed", Superseded, None),
        (429, "SubscriptionRequestsThrottled", Retry, 5),
        (500, "InternalServerError", Retry, 5),
        (503, "ServiceUnavailable", Retry, 5),
    ],
)
def test_a_refusal_becomes_the_reaction_to_it(
    status: int, code: str, kind: type[SwitchyardError], after_seconds: float | None
) -> None:
    error = by_status(status, code, "because", 5)
    assert type(error) is kind
    assert getattr(error, "after_seconds", None) == after_seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "Sat, 21 Nov 2026 12:01:30 GMT", "Date": "Sat, 21 Nov 2026 12:00:00 GMT"}, 90),
        ({"Retry-After": "Sat, 21 Nov 2026 11:00:00 GMT", "Date": "Sat, 21 Nov 2026 12:00:00 GMT"}, 0),
        ({"Retry-After": "Sat, 21 Nov 2026 12:01:30 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_a_service_asks_for_is_understood(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_seconds(headers) == seconds


def test_a_failed_deployment_is_told_down_to_the_resource_that_failed() -> None:
    inner = '{"error": {"code": "ReconcileVMSSAgentPoolFailed", "message": "Quota exceeded.\\r\\n"}}'
    error = {
        "code": "DeploymentFailed",
        "message": "At least one resource deployment operation failed.",
        "details": [{"code": "Conflict", "message": inner}],
    }
    assert sentence(error) == (
        "DeploymentFailed: At least one resource deployment operation failed; "
        "ReconcileVMSSAgentPoolFailed: Quota exceeded"
    )


def test_a_sentence_never_grows_without_end() -> None:
    assert len(sentence({"code": "X", "message": "y" * 10_000})) <= 600


@pytest.mark.parametrize(
    ("endpoint", "scope"),
    [
        ("https://management.azure.com", "https://management.azure.com/.default"),
        ("https://management.chinacloudapi.cn/", "https://management.chinacloudapi.cn/.default"),
        ("https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net/.default"),
    ],
)
def test_a_token_is_asked_for_the_cloud_that_is_used(endpoint: str, scope: str) -> None:
    assert arm_scope(endpoint) == scope


def test_the_audience_of_metrics_has_no_region() -> None:
    assert (
        metrics_audience("https://westeurope.metrics.monitor.azure.com")
        == "https://metrics.monitor.azure.com"
    )
    assert (
        metrics_audience("https://usgovvirginia.metrics.monitor.azure.us")
        == "https://metrics.monitor.azure.us"
    )


def test_a_deployment_gets_the_fleets_parameters_and_the_candidates_facts() -> None:
    parameters = {"nodeCount": 3, "clusterName": "overridden"}
    provisioner = msgspec.structs.replace(FLEET.provisioner, parameters=parameters)
    fleet = msgspec.structs.replace(FLEET, provisioner=provisioner)
    properties = deployment(fleet, GREEN, "1.32.6", "1.5.0")["properties"]
    assert properties["templateLink"] == {"id": f"{provisioner.template_spec_id}/versions/1.5.0"}
    assert properties["parameters"] == {
        "nodeCount": {"value": 3},
        "slot": {"value": "green"},
        "clusterName": {"value": "aks-green"},
        "kubernetesVersion": {"value": "1.32.6"},
    }


def configuration(**changes: Any) -> flux.Configuration:
    """A Flux configuration as ARM shows it once it is applied, with some properties changed."""
    ready = {"type": "Ready", "status": "True", "message": "Applied"}
    shown = {
        "properties": {
            "provisioningState": "Succeeded",
            "complianceState": "Compliant",
            "sourceSyncedCommitId": "main@sha1:0123",
            "statuses": [{"name": "apps", "complianceState": "Compliant", "statusConditions": [ready]}],
            **changes,
        }
    }
    return msgspec.convert(shown, flux.Configuration)


NOT_READY = {
    "name": "apps",
    "complianceState": "Non-Compliant",
    "statusConditions": [{"type": "Ready", "status": "False", "message": "no matches for kind X"}],
}


@pytest.mark.parametrize(
    ("changes", "state", "because"),
    [
        ({}, "compliant", "main@sha1:0123"),
        ({"provisioningState": "Updating"}, "pending", "Updating"),
        ({"provisioningState": "Failed", "errorMessage": "no extension"}, "failed", "no extension"),
        ({"sourceSyncedCommitId": None}, "pending", "no commit"),
        ({"complianceState": "Suspended"}, "pending", "Suspended"),
        ({"complianceState": "Non-Compliant", "statuses": [NOT_READY]}, "pending", "no matches for kind X"),
        ({"statuses": [NOT_READY]}, "pending", "no matches for kind X"),
        ({"statuses": [{"name": "apps", "complianceState": "Compliant"}]}, "pending", "apps"),
        ({"statuses": None}, "pending", "names no object"),
        ({"statuses": []}, "pending", "names no object"),
    ],
)
def test_a_configuration_is_compliant_only_when_everything_says_so(
    changes: dict[str, Any], state: str, because: str
) -> None:
    found = flux.summary({"platform": configuration(), "apps": configuration(**changes)})
    assert found.state == state
    assert because in found.because


def test_one_missing_configuration_is_a_sync_that_is_absent() -> None:
    found = flux.summary({"platform": configuration(), "apps": None})
    assert (found.state, found.commits) == ("absent", {"platform": "main@sha1:0123"})


@pytest.mark.parametrize(
    ("properties", "seen"),
    [
        ({"provisioningState": "Running"}, CommandSeen()),
        ({"provisioningState": "Succeeded", "exitCode": 0, "logs": "ok\n"}, CommandSeen(0, "ok\n")),
        ({"provisioningState": "Succeeded", "exitCode": 1, "logs": "denied"}, CommandSeen(1, "denied")),
        ({"provisioningState": "Failed", "reason": "no node"}, CommandSeen(NEVER_RAN, "no node")),
    ],
)
def test_a_run_command_ends_with_its_exit_code_or_without_having_run(
    properties: dict[str, Any], seen: CommandSeen
) -> None:
    assert ended(msgspec.convert(properties, Ended)) == seen


def answer(status: int, headers: dict[str, str], body: dict[str, Any]) -> Any:
    """An HTTP answer."""
    return SimpleNamespace(status_code=status, headers=headers, text=lambda: json.dumps(body))


def test_the_id_of_a_run_command_is_where_the_answer_has_it() -> None:
    location = "https://management.azure.com/subscriptions/s/x/commandResults/c-1?api-version=2026-08-01"
    assert command_id(answer(202, {"Location": location}, {})) == "c-1"
    assert command_id(answer(200, {}, {"id": "c-2"})) == "c-2"


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (202, {}, {}),
        (200, {}, {}),
        (202, {"Location": "https://management.azure.com/x/operationresults/c-1"}, {}),
        (202, {"Location": "https://management.azure.com/x/commandResults/%2e%2e"}, {}),
        (200, {}, {"id": "../../start"}),
    ],
)
def test_a_run_command_without_a_plain_id_has_none(
    status: int, headers: dict[str, str], body: dict[str, Any]
) -> None:
    with pytest.raises(Retry, match="did not say its id"):
        command_id(answer(status, headers, body))


def test_files_are_packed_the_same_way_every_time() -> None:
    files = {"b.json": "{}", "a.json": "ä"}
    assert packed(files) == packed(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed(files)))) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == files
