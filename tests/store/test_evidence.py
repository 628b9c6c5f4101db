"""Verdicts page by page and their end, on the memory tables and on Azurite alike."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.errors import Refused
from shared.model import Judgement, Outcome, Sample
from shared.ports import PENDING_MAX, Row
from shared.retention import DELETIONS_MAX, Retention
from shared.store.audit import proven, unbroken
from shared.store.evidence import PAGE_ROWS_MAX, EvidenceRows
from shared.store.fitting import VERDICTS_BYTES_MAX
from shared.store.table_store import TableStore
from shared.store.tables import Tables
from tests.engine.rig import Clock
from tests.store.samples import NOW, applied, claimed, decision, fleet, judgement, rollout, seen, signal

replace = msgspec.structs.replace
DAY = 86_400


@pytest.fixture
def evidence(tables: Tables) -> EvidenceRows:
    """The verdicts in the same tables as the store."""
    return EvidenceRows(tables)


async def judged(store: TableStore, row: Row, id_: str, claims: int) -> Row:
    """The fleet after so many claims of a rollout, each with one verdict."""
    for n in range(claims):
        verdict = (judgement(f"gate-{n}"),)
        await store.claim(row, decision(row, rollout(id_), judgements=verdict), seen(row))
        row = await store.load(row.fleet.name)
    return row


async def ended(store: TableStore, row: Row, id_: str) -> Row:
    """The fleet after that rollout's end."""
    over = replace(rollout(id_), outcome=Outcome.COMPLETED, ended_at=NOW)
    await store.claim(row, decision(row, over), seen(row))
    return await store.load(row.fleet.name)


async def kept_for(store: TableStore, name: str, days: int) -> Row:
    """An applied fleet that keeps its verdicts for so long."""
    policy = replace(fleet(name).policy, evidence_seconds=days * DAY)
    await store.apply(replace(fleet(name), policy=policy), if_match=None, now=NOW)
    return await store.load(name)


def after(days: float) -> Clock:
    """A clock that says so many days later."""
    clock = Clock()
    clock.at = NOW + timedelta(days=days)
    return clock


async def test_pages_hold_every_verdict_once_and_in_order(
    store: TableStore, evidence: EvidenceRows, name: str
) -> None:
    wanted = PAGE_ROWS_MAX + 3
    row = await judged(store, await applied(store, name), "r-0001", wanted)
    await judged(store, row, "r-0001-2", 1)
    first = await evidence.page(name, "r-0001")
    assert first.next is not None
    second = await evidence.page(name, "r-0001", first.next)
    found = [(each.epoch, each.judgement.gate) for each in (*first.verdicts, *second.verdicts)]
    assert found == [(n + 1, f"gate-{n}") for n in range(wanted)]
    assert second.next is None


async def kept_of(
    store: TableStore, evidence: EvidenceRows, row: Row, *verdicts: Judgement
) -> list[Judgement]:
    """What is kept of a claim with these verdicts and as many signals as one can consume."""
    for n in range(PENDING_MAX):
        await store.accept(signal(f"said-{n}", to=row.fleet.name))
    row = await store.load(row.fleet.name)
    await store.claim(row, decision(row, rollout("r-0001"), judgements=verdicts), seen(row))
    page = await evidence.page(row.fleet.name, "r-0001")
    assert page.next is None
    return [each.judgement for each in page.verdicts]


async def test_a_day_of_minutes_is_kept_whole(store: TableStore, evidence: EvidenceRows, name: str) -> None:
    day = tuple(judgement(f"gate-{n}", samples=1440) for n in range(6))
    assert await kept_of(store, evidence, await applied(store, name), *day) == list(day)


@pytest.mark.filterwarnings("ignore:Sending a large body")
@pytest.mark.parametrize(("gates", "samples"), [(1, 20_000), (60, 1440), (200, 150), (14, 1440)])
async def test_verdicts_that_no_claim_could_hold_are_kept_with_their_newest_samples(
    store: TableStore, evidence: EvidenceRows, name: str, gates: int, samples: int
) -> None:
    given = [judgement(f"gate-{n}", samples) for n in range(gates)]
    kept = await kept_of(store, evidence, await applied(store, name), *given)
    assert [each.gate for each in kept] == [each.gate for each in given]
    for had, has in zip(given, kept, strict=True):
        assert len(has.samples) + has.left_out == samples
        assert has == replace(had, samples=had.samples[has.left_out :], left_out=has.left_out)
    assert sum(len(msgspec.json.encode(each)) for each in kept) <= VERDICTS_BYTES_MAX
    assert (sum(each.left_out for each in kept) > 0) is (gates in (1, 60))


async def test_of_a_comparison_that_no_claim_could_hold_both_sides_keep_their_newest_samples(
    store: TableStore, evidence: EvidenceRows, name: str
) -> None:
    given = replace(judgement("beside", 20_000), beside=judgement("live", 20_000).samples)
    (kept,) = await kept_of(store, evidence, await applied(store, name), given)
    assert len(kept.samples) + len(kept.beside) + kept.left_out == 40_000
    assert (kept.samples, kept.beside) == (
        given.samples[-len(kept.samples) :],
        given.beside[-len(kept.beside) :],
    )
    assert abs(len(kept.samples) - len(kept.beside)) < 20
    few = replace(judgement("beside", 20_000), beside=judgement("live", 10).samples)
    assert len((await kept_of(store, evidence, await applied(store, f"{name}x"), few))[0].beside) == 10


@pytest.mark.parametrize("side", ["samples", "beside"])
async def test_a_value_that_json_cannot_write_is_kept_in_words(
    store: TableStore, evidence: EvidenceRows, name: str, side: str
) -> None:
    values = (1.0, float("nan"), float("inf"), float("-inf"), None)
    given = replace(judgement("odd"), **{side: tuple(Sample(at=NOW, value=value) for value in values)})
    (kept,) = await kept_of(store, evidence, await applied(store, name), given)
    assert [(each.value, each.because) for each in getattr(kept, side)] == [
        (1.0, ""),
        (None, "the source says nan"),
        (None, "the source says inf"),
        (None, "the source says -inf"),
        (None, ""),
    ]


async def test_a_small_verdict_loses_nothing_to_a_large_one(
    store: TableStore, evidence: EvidenceRows, name: str
) -> None:
    row = await applied(store, name)
    small, large = await kept_of(store, evidence, row, judgement("small"), judgement("large", 20_000))
    assert (small, large.left_out > 0) == (judgement("small"), True)


async def test_the_trail_has_the_digest_of_the_verdicts_that_are_kept(
    store: TableStore, evidence: EvidenceRows, name: str
) -> None:
    row = await applied(store, name)
    kept = await kept_of(store, evidence, row, judgement("one"), judgement("other", 20_000))
    trail = await store.audit(name, "r-0001")
    told = [(1, each) for each in as_told(kept)]
    assert (unbroken(trail), proven(trail, told)) == ((), ())
    assert proven(trail, told[1:]) == (
        "the verdicts of epoch 1 were altered: the trail has another digest of them",
    )


def as_told(verdicts: list[Judgement]) -> list[dict[str, object]]:
    """As whoever reads the API gets them."""
    return msgspec.json.decode(msgspec.json.encode(verdicts), type=list[dict[str, object]])


async def test_a_rollout_without_verdicts_is_an_empty_page(
    store: TableStore, evidence: EvidenceRows, name: str
) -> None:
    await claimed(store, await applied(store, name))
    page = await evidence.page(name, "r-0001")
    assert (page.verdicts, page.next) == ((), None)


@pytest.mark.parametrize("word", ["1", "j-r-0001-0000000001-00", "0000000001-0' or '1' eq '1"])
async def test_a_place_that_no_page_named_is_refused(evidence: EvidenceRows, name: str, word: str) -> None:
    with pytest.raises(Refused, match="after: got "):
        await evidence.page(name, "r-0001", word)


async def test_old_verdicts_go_and_younger_ones_stay(
    store: TableStore, evidence: EvidenceRows, name: str
) -> None:
    row = await judged(store, await kept_for(store, name, 90), "r-0001", PAGE_ROWS_MAX + 1)
    row = await judged(store, await ended(store, row, "r-0001"), "r-0002", 1)
    # A sweep is of every fleet, also of those that other tests have left in this store.
    first = await evidence.page(name, "r-0001")
    assert first.next is not None
    rest = await evidence.page(name, "r-0001", first.next)
    await Retention(store, evidence, after(89)).sweep()
    assert await evidence.page(name, "r-0001") == first
    assert await evidence.page(name, "r-0001", first.next) == rest
    await Retention(store, evidence, after(91)).sweep()
    assert (await evidence.page(name, "r-0001")).verdicts == ()
    assert len((await evidence.page(name, "r-0002")).verdicts) == 1
    assert len(await store.audit(name)) == row.state.epoch


async def test_a_fleet_that_says_nothing_keeps_them_for_ever(
    store: TableStore, evidence: EvidenceRows, name: str
) -> None:
    await ended(store, await judged(store, await applied(store, name), "r-0001", 1), "r-0001")
    await Retention(store, evidence, after(10_000)).sweep()
    assert len((await evidence.page(name, "r-0001")).verdicts) == 1


async def test_one_run_deletes_no_more_than_its_host_has_time_for(
    store: TableStore, tables: Tables, name: str
) -> None:
    class Endless(EvidenceRows):
        async def forget(self, fleet: str, rollout: str) -> bool:
            return True

    row = await judged(store, await kept_for(store, name, 1), "r-0001", 1)
    await ended(store, row, "r-0001")
    assert await Retention(store, Endless(tables), after(10)).sweep() == DELETIONS_MAX
