"""Record sets, clusters, deployments, Flux and run commands as ARM would show them."""

from __future__ import annotations

import pytest

from sandbox.world import ArmError, Faults, OtherWriter
from shared.levers import RecordType
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.world.manual_clock import VERSION, Estate

ZONE = FLEET.live_records[0].zone_id
GREEN_ID = FLEET.slot(GREEN).cluster_id
BLUE_ID = FLEET.slot(BLUE).cluster_id


def refusal(error: pytest.ExceptionInfo[ArmError]) -> tuple[int, str]:
    return error.value.status, error.value.code


def test_the_estate_starts_with_its_records_and_leaves_the_official_name_to_front_door() -> None:
    zones = Estate().world.zones
    found = {each.name: (each.type.value, each.targets) for each in zones.list(ZONE)}
    assert found == {
        "aks": ("A", (ADDRESSES[BLUE],)),
        "aks-blue": ("A", (ADDRESSES[BLUE],)),
        "aks-green": ("A", (ADDRESSES[GREEN],)),
        "official-aks": ("CNAME", ("contoso-fd.azurefd.net",)),
    }


def test_every_write_of_a_record_changes_its_etag_and_an_old_etag_is_refused() -> None:
    it = Estate()
    old = it.live_record()
    new = it.point(GREEN)
    assert new.etag != old.etag
    with pytest.raises(ArmError) as error:
        it.world.zones.put(
            ZONE, "aks", RecordType.A, ttl_seconds=30, targets=("203.0.113.99",), if_match=old.etag
        )
    assert refusal(error) == (412, "PreconditionFailed")
    assert it.live_record() == new


def test_a_record_that_must_be_new_is_not_written_over_another() -> None:
    it = Estate()
    with pytest.raises(ArmError) as error:
        it.world.zones.put(
            ZONE, "AKS", RecordType.A, ttl_seconds=30, targets=("203.0.113.99",), create_only=True
        )
    assert refusal(error) == (412, "PreconditionFailed")
    made = it.world.zones.put(
        ZONE, "new", RecordType.A, ttl_seconds=30, targets=("203.0.113.99",), create_only=True
    )
    assert it.world.zones.get(ZONE.upper(), "NEW", RecordType.A) == made


def test_an_unknown_record_and_an_unknown_zone_are_404() -> None:
    zones = Estate().world.zones
    with pytest.raises(ArmError) as missing:
        zones.get(ZONE, "nobody", RecordType.A)
    with pytest.raises(ArmError) as stranger:
        zones.list(f"{ZONE}.example")
    assert (refusal(missing), refusal(stranger)) == ((404, "NotFound"), (404, "ResourceNotFound"))


def test_another_writer_moves_the_live_record_at_its_own_time() -> None:
    it = Estate(faults=Faults(other_writer=OtherWriter(at_seconds=600, address="198.51.100.7")))
    it.clock.pass_seconds(599)
    assert it.live_record().targets == (ADDRESSES[BLUE],)
    it.clock.pass_seconds(300)
    assert it.live_record().targets == ("198.51.100.7",)
    written = [entry for entry in it.world.report().entries if entry.kind.value == "record_written"]
    assert [(entry.at - it.world.estate.started_at).total_seconds() for entry in written] == [600]


def test_a_deployment_runs_for_its_time_and_leaves_a_running_cluster_at_the_version() -> None:
    it = Estate()
    assert it.world.clusters.find(GREEN_ID) is None
    it.deploy(GREEN)
    it.clock.pass_seconds(-1)
    assert it.world.deployments.get("RG-AKS-GREEN", "switchyard-r1").state_at(it.clock.now()) == "Running"
    assert it.world.clusters.get(GREEN_ID).provisioning == "Creating"
    it.clock.pass_seconds(1)
    assert it.world.deployments.get("rg-aks-green", "switchyard-r1").state_at(it.clock.now()) == "Succeeded"
    cluster = it.world.clusters.get(GREEN_ID)
    assert (cluster.provisioning, cluster.power, cluster.version) == ("Succeeded", "Running", VERSION)
    assert it.world.clusters.group_exists(cluster.node_group)


def test_a_deployment_that_fails_says_why_and_leaves_a_failed_cluster() -> None:
    it = Estate(faults=Faults(deployment_fails="QuotaExceeded: not enough cores"))
    it.deploy(GREEN)
    found = it.world.deployments.get("rg-aks-green", "switchyard-r1")
    assert (found.state_at(it.clock.now()), found.error) == ("Failed", "QuotaExceeded: not enough cores")
    assert it.world.clusters.get(GREEN_ID).provisioning == "Failed"
    assert it.world.respond("aks-green.contoso.com", "/healthz").status == 502


def test_an_unknown_template_version_is_refused_until_it_is_published() -> None:
    it = Estate()
    template = f"{FLEET.provisioner.template_spec_id}/versions/1.5.0"
    parameters = {"clusterName": "aks-green", "kubernetesVersion": VERSION}
    with pytest.raises(ArmError) as error:
        it.world.deployments.validate(template, parameters)
    assert refusal(error) == (404, "TemplateSpecVersionNotFound")
    it.world.publish_template("1.5.0")
    assert it.world.deployments.validate(template, parameters).name == GREEN


def test_a_cluster_stops_starts_and_goes_with_its_node_group() -> None:
    it = Estate()
    clusters, timings = it.world.clusters, it.world.estate.timings
    group = clusters.get(BLUE_ID).node_group
    clusters.stop(BLUE_ID)
    assert clusters.get(BLUE_ID).provisioning == "Stopping"
    with pytest.raises(ArmError) as busy:
        clusters.start(BLUE_ID)
    assert refusal(busy) == (409, "OperationNotAllowed")
    it.clock.pass_seconds(timings.stop_seconds)
    assert (clusters.get(BLUE_ID).power, clusters.get(BLUE_ID).nodes) == ("Stopped", 0)
    clusters.start(BLUE_ID)
    it.clock.pass_seconds(timings.start_seconds)
    assert clusters.get(BLUE_ID).power == "Running"
    clusters.delete(BLUE_ID)
    it.clock.pass_seconds(timings.delete_seconds)
    assert clusters.find(BLUE_ID) is None
    assert clusters.group_exists(group)
    it.clock.pass_seconds(timings.node_group_gone_seconds)
    assert not clusters.group_exists(group)


def test_a_delete_takes_only_the_cluster_that_was_looked_at() -> None:
    it = Estate()
    seen = it.world.clusters.get(BLUE_ID).etag
    it.world.clusters.stop(BLUE_ID)
    it.clock.pass_seconds(600)
    with pytest.raises(ArmError) as error:
        it.world.clusters.delete(BLUE_ID, if_match=seen)
    assert refusal(error) == (412, "PreconditionFailed")
    assert it.world.clusters.find(BLUE_ID) is not None


def test_flux_becomes_compliant_at_the_commit_that_live_has_and_goes_with_its_cluster() -> None:
    it = Estate()
    it.deploy(GREEN)
    configuration = FLEET.sync[0]
    assert it.world.flux.put(GREEN_ID, configuration).compliance == "Pending"
    it.clock.pass_seconds(it.world.estate.timings.sync_seconds)
    green, blue = (it.world.flux.get(each, configuration.name) for each in (GREEN_ID, BLUE_ID))
    assert green.compliance == "Compliant"
    assert green.commit == blue.commit
    it.world.clusters.delete(GREEN_ID)
    it.clock.pass_seconds(600)
    it.deploy(GREEN, "switchyard-r2")
    assert it.world.flux.list(GREEN_ID) == ()


BINDING = """kind: ValidatingAdmissionPolicyBinding
metadata: {name: freeze, annotations: {"switchyard.dev/expires-at": "2026-11-21T10:00:00+00:00"}}
"""


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("kubectl apply -f freeze.yaml", {"freeze.yaml": BINDING}),
        (f"kubectl apply -f - <<'EOF'\n{BINDING}EOF", {}),
        (
            "kubectl apply -f f.yaml",
            {"f.yaml": BINDING + "# kubectl delete validatingadmissionpolicybinding x"},
        ),
    ],
)
def test_a_freeze_holds_from_its_command_until_a_thaw_or_its_expiry(
    command: str, files: dict[str, str]
) -> None:
    it = Estate()
    accepted = it.world.commands.run(BLUE_ID, command, files)
    assert it.world.commands.frozen_until(BLUE_ID) is None
    it.clock.pass_seconds(it.world.estate.timings.command_seconds)
    assert it.world.commands.get(BLUE_ID, accepted.id).exit_code == 0
    assert str(it.world.commands.frozen_until(BLUE_ID)) == "2026-11-21 10:00:00+00:00"
    it.clock.pass_seconds(2 * 3600)
    assert it.world.commands.frozen_until(BLUE_ID) is None


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("kubectl delete validatingadmissionpolicybinding freeze --ignore-not-found", {}),
        ("kubectl delete -f freeze.yaml", {"freeze.yaml": BINDING}),
    ],
)
def test_a_thaw_lifts_a_freeze(command: str, files: dict[str, str]) -> None:
    it = Estate()
    it.world.commands.run(BLUE_ID, "kubectl apply -f f.yaml", {"f.yaml": BINDING})
    it.world.commands.run(BLUE_ID, command, files)
    it.clock.pass_seconds(15)
    assert it.world.commands.frozen_until(BLUE_ID) is None


def test_a_stopped_cluster_takes_no_command() -> None:
    it = Estate()
    it.world.clusters.stop(BLUE_ID)
    it.clock.pass_seconds(600)
    with pytest.raises(ArmError) as error:
        it.world.commands.run(BLUE_ID, "kubectl get nodes")
    assert refusal(error) == (409, "OperationNotAllowed")
