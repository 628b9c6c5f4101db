"""Bodies off the beaten track: what publishers and Event Grid send when the samples do not show it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from shared.errors import Refused
from shared.signals import parse_event, parse_events
from tests.signals.bodies import (
    AKS,
    DIRECTORY,
    GREEN,
    NOW,
    PRIVATE,
    PUBLIC,
    RELEASE,
    cloud_event,
    entry,
    grid_event,
)

PUBLISHED = "Switchyard.ClusterVersionPublished"
PLATFORM = (entry(PUBLIC, platform=True), entry(PRIVATE))


def refusal(parse: Any, body: object) -> str:
    """The sentence with which a body is refused."""
    with pytest.raises(Refused) as caught:
        parse(body, NOW, DIRECTORY)
    return str(caught.value)


def release(data: object, **changes: Any) -> dict[str, Any]:
    """A platform's release with whatever data."""
    return cloud_event(PUBLISHED, data, **{"source": "/platform"} | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"id": "a\nb"}, {"source": "/p\r\n"}])
def test_an_event_whose_id_would_forge_a_log_line_is_refused(changes: dict[str, Any]) -> None:
    assert "without control characters" in refusal(parse_event, release(RELEASE, **changes))


def test_ids_of_events_that_differ_in_case_are_two() -> None:
    ids = {parse_event(release(RELEASE, id=each), NOW, PLATFORM)[0].id for each in ("Zm9v", "zm9V")}

    assert len(ids) == 2


def test_a_release_in_base64_is_the_same_release() -> None:
    encoded = b64encode(json.dumps(RELEASE).encode()).decode()

    (plain,) = parse_event(release(RELEASE), NOW, PLATFORM)
    (signal,) = parse_event(release(..., data_base64=encoded), NOW, PLATFORM)

    assert signal == plain


@pytest.mark.parametrize("encoded", ["%%%", b64encode(b"text").decode(), b64encode(b"[1]").decode(), "é", 7])
def test_base64_of_anything_else_is_refused(encoded: object) -> None:
    assert refusal(parse_event, release(..., data_base64=encoded)).startswith("data_base64: got ")


@pytest.mark.parametrize("key", ["fleets", "Fleets"])
def test_a_release_goes_to_no_fleet_that_it_does_not_name(key: str) -> None:
    found = parse_event(release({**RELEASE, key: ["contoso-private", "not-ours"]}), NOW, PLATFORM)

    assert [signal.fleet for signal in found] == ["contoso-private"]


def test_a_release_for_no_fleet_at_all_is_refused() -> None:
    sentence = refusal(parse_event, release({**RELEASE, "fleets": []}))

    assert sentence == "data.fleets: got an array, expected an array of at least one fleet's name"


def test_notes_may_have_several_lines_and_a_sentence_has_one() -> None:
    (signal,) = parse_event(release({**RELEASE, "notes": "new image\n\n- nodes"}), NOW, PLATFORM)

    assert signal.note == "new image\n\n- nodes"
    assert signal.because.endswith(": new image - nodes")


def test_a_node_pool_that_could_not_be_rolled_is_told_from_either_envelope_with_any_extras() -> None:
    event = cloud_event(
        f"{AKS}NodePoolRollingFailed",
        {"nodePoolName": "system", "new": [1]},
        source=GREEN.cluster_id.replace("resourceGroups", "resourcegroups"),
        dataschema="#",
        traceparent="00-1-2-01",
        time="2026-11-21T13:59:00.1234567+02:00",
    )

    (signal,) = parse_event(event, NOW, DIRECTORY)

    assert (signal.slot, signal.state) == ("green", "failed")
    assert signal.because == "node pool system of aks-green could not be rolled"


def test_a_whole_batch_of_odd_events_is_refused_in_a_sentence_that_fits_a_log_line() -> None:
    batch = [grid_event(f"Odd.Event{n}", {}) for n in range(5000)]

    sentence = refusal(parse_events, batch)

    assert "Odd.Event0" in sentence
    assert sentence.endswith("; and 4997 more")
    assert len(sentence) < 5000
