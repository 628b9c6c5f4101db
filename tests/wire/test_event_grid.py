"""Publishing through azure-eventgrid."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridEvent

from tests.wire.rig import Rig

MOVED: dict[str, Any] = {
    "id": "contoso/12",
    "source": "/fleets/contoso",
    "type": "Switchyard.Moved",
    "specversion": "1.0",
    "data": {"stage": "T3"},
}


async def test_events_are_kept_in_the_order_in_which_they_came(rig: Rig) -> None:
    topic = await rig.topic()
    await topic.send(MOVED)
    await topic.send([CloudEvent(source="/fleets/contoso", type="Switchyard.Ended", id="contoso/13")] * 2)
    assert rig.wire.published[0] == MOVED
    assert [each["id"] for each in rig.wire.published] == ["contoso/12", "contoso/13", "contoso/13"]


async def test_the_key_opens_the_topic_and_a_wrong_one_does_not(rig: Rig) -> None:
    await (await rig.topic(AzureKeyCredential(rig.wire.topic_key))).send(MOVED)
    with pytest.raises(ClientAuthenticationError):
        await (await rig.topic(AzureKeyCredential("guessed"))).send(MOVED)
    assert len(rig.wire.published) == 1


async def test_a_topic_for_cloud_events_refuses_the_other_schema(rig: Rig) -> None:
    event = EventGridEvent(subject="contoso", event_type="Switchyard.Moved", data={}, data_version="1")
    with pytest.raises(HttpResponseError) as refused:
        await (await rig.topic()).send(event)
    assert refused.value.status_code == 415


async def test_a_batch_with_one_bad_event_is_refused_as_a_whole(rig: Rig) -> None:
    sourceless = MOVED | {"source": ""}
    topic = await rig.topic()
    with pytest.raises(HttpResponseError) as refused:
        await topic.send([MOVED, sourceless], content_type="application/cloudevents-batch+json")
    assert refused.value.status_code == 400
    assert rig.wire.published == []
