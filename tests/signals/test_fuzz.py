"""Whatever arrives: it is a signal that can be stored, or it is refused. It is never a bug."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Refused
from shared.levers import SlotName
from shared.model import Signal, SignalKind
from shared.signals import explain, parse_alert, parse_command, parse_events, validation_code
from tests.fleet_file.examples import paths
from tests.signals.alert_kinds import KINDS
from tests.signals.bodies import AKS, DIRECTORY, EVENTS, NOW, PUBLIC, cloud_event, full_type, grid_event

TEXT = st.text(st.characters(codec=None), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)
BODIES = [
    *(body for body, _ in KINDS.values()),
    *(grid_event(full_type(name), data) for name, (data, *_) in EVENTS.items()),
    cloud_event(f"{AKS}ClusterSupportEnded", {"kubernetesVersion": "1.31.9"}),
]


def taken(body: object) -> list[Signal]:
    """Every signal of a body, however it is read."""
    found: list[Signal] = []
    for parse in (parse_events, parse_alert):
        try:
            found += parse(body, NOW, DIRECTORY)
        except Refused as error:
            sentence = str(error)
            assert sentence.isprintable()
    return found


def check(body: object) -> None:
    """A body has signals that survive storage, and an explanation that survives JSON."""
    for signal in taken(body):
        assert msgspec.json.decode(msgspec.json.encode(signal), type=Signal) == signal
        assert len(signal.id) <= 400
        assert signal.because
    msgspec.json.encode(explain(body, PUBLIC, (), SlotName("blue")))
    validation_code(body)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_a_signal_or_refused(body: Any) -> None:
    check(body)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_any_change_of_a_good_body_is_a_signal_or_refused(draw: st.DataObject) -> None:
    body = copy.deepcopy(draw.draw(st.sampled_from(BODIES)))
    path = draw.draw(st.sampled_from(paths(body)))
    here: Any = body
    for key in path[:-1]:
        here = here[key]
    if draw.draw(st.booleans()):
        here[path[-1]] = draw.draw(JSON)
    else:
        del here[path[-1]]

    check(body)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(SignalKind)), JSON, SCALARS, SCALARS)
def test_any_command_is_a_signal_or_refused(kind: SignalKind, body: Any, by: Any, key: Any) -> None:
    try:
        signal = parse_command(kind, "contoso-public", "contoso-public-0001", body, by, NOW, key)
    except Refused:
        return
    assert msgspec.json.decode(msgspec.json.encode(signal), type=Signal) == signal


def test_a_very_deep_body_is_refused() -> None:
    body: Any = {}
    for _ in range(900):
        body = {"a": [body]}

    check({"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": body, "alertContext": body}})
    check(body)
