"""The file as text: every mistake has its line, and nothing that YAML can do gets past the limits."""

from __future__ import annotations

import pytest

from shared.errors import Invalid
from shared.fleet_file import parse
from tests.fleet_file.examples import TEXTS

TEXT = TEXTS["contoso-public"]
LEVELS = zip("abcdefghij", "bcdefghijk", strict=True)
BOMB = "a: &a [x]\n" + "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in LEVELS)


def refused(text: str) -> Invalid:
    """The error of a text that must not be accepted."""
    with pytest.raises(Invalid) as caught:
        parse(text, "fleet.yaml")
    return caught.value


def line_of(needle: str, text: str = TEXT) -> int:
    """The number of the first line that contains `needle`."""
    return next(i for i, line in enumerate(text.splitlines(), 1) if needle in line)


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = (
        TEXT.replace("location: westeurope\n", "")
        .replace("exposure: public", "exposure: publick")
        .replace("gateway_id:", "gatewayid:", 1)
        .replace("ttl: 5m", "ttl: 0")
        .replace("cluster: aks.contoso.com", "cluster: www.contoso.com")
        .replace("poll: 60s", "poll: 5s")
        .replace("  deploy: 45m", "  deplooy: 45m")
    )

    error = refused(text)

    assert [(m.line, m.path) for m in error.mistakes] == [
        (line_of("name: contoso-public", text), "location"),
        (line_of("publick", text), "exposure"),
        (line_of("cluster: www", text), "hosts.cluster"),
        (line_of("ttl: 0", text), "live_records[0].ttl"),
        (line_of("  blue:", text.replace("  blue: aks", "  ....: aks")), "slots.blue.gateway_id"),
        (line_of("gatewayid", text), "slots.blue.gatewayid"),
        (line_of("poll: 5s", text), "policy.poll"),
        (line_of("deplooy", text), "deadlines.deplooy"),
    ]
    assert str(error).startswith("fleet.yaml has 8 mistakes: line ")


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    text = TEXT.replace("public_ip_id", "public_ipid", 1)

    error = refused(text)

    (mistake,) = [m for m in error.mistakes if m.path == "slots.blue.public_ipid"]
    assert mistake.value == "an unknown key"
    assert mistake.expected.endswith("(did you mean public_ip_id?)")
    assert mistake.line == line_of("public_ipid", text)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("", None, "a mapping with the keys of a fleet"),
        ("- a\n- b", 1, "a mapping with the keys of a fleet"),
        ("just text", 1, "a mapping with the keys of a fleet"),
        ("name: a\n\tlive: blue", 2, "spaces for indentation"),
        ("name: [a", 1, "one readable YAML document"),
        ("name: 'a", 1, "one readable YAML document"),
        ("name: *nowhere", 1, "one readable YAML document"),
        ("name: a\n---\nname: b", 2, "one readable YAML document"),
        ("name: a\x00", None, "one readable YAML document"),
        ("name: \ud800", None, "one readable YAML document"),
        ("name: a\nname: b", 2, "it once (first in line 1)"),
        ("name: a\n3: b", 2, "keys that are text"),
        ("name: a\n? [x, y]\n: b", 2, "keys that are text"),
        ("name: !!python/object/apply:os.system [ls]", 1, "a value without a tag"),
        ("name: !mine a", 1, "a value without a tag"),
        ("<<: {name: a}", 1, "one of alerts, approvals"),
        ("x" * (256 * 1024 + 1), None, "at most 262144 bytes"),
        ("[" * 5000, 1, "levels"),
        ("{a: " * 5000, 1, "levels"),
        ("a: &a {b: *a}", 1, "levels"),
        (BOMB, 1, "a smaller file with fewer aliases"),
        ('name: "\\uD800"', 1, "text in Unicode"),
        ('"\\uDFFF": a', 1, "text in Unicode"),
        ('name: "\\U00110000"', None, "one readable YAML document"),
        ('name: "\\UFFFFFFFF"', None, "one readable YAML document"),
        (f"%YAML {'1' * 5000}.1\n---\nname: a", None, "one readable YAML document"),
    ],
)
def test_unreadable_text_is_refused_with_a_sentence(text: str, line: int | None, sentence: str) -> None:
    mistakes = refused(text).mistakes

    assert any(mistake.line == line and sentence in str(mistake) for mistake in mistakes), mistakes[:3]


def test_words_that_old_yaml_took_for_booleans_and_times_stay_text() -> None:
    document = TEXT.replace("branch: main", "branch: on").replace(
        "  # windows: # in UTC; without any, a rollout may start at any time",
        "  windows: [{days: [mon], from: 09:30, to: 16:00}]",
    )

    fleet = parse(document)

    assert fleet.sync[0].branch == "on"
    assert fleet.versions.windows[0].from_minute == 570


def test_an_anchor_saves_writing_a_gate_twice() -> None:
    gates = parse(TEXT).gates

    assert gates.switch[0] == gates.load[1]


def test_what_cannot_be_read_is_one_mistake() -> None:
    error = refused(TEXT.replace("exposure: public", 'exposure: "\\uD800"'))

    assert [mistake.path for mistake in error.mistakes] == ["exposure"]


def test_two_halves_of_a_character_as_json_writes_it_are_one() -> None:
    fleet = parse(TEXT.replace("- breakglass@contoso.com", '- "\\ud83d\\ude80"'))

    assert fleet.freeze is not None
    assert fleet.freeze.exempt_users == ("\N{ROCKET}",)


@pytest.mark.parametrize("key", ["k" * 100_000, '"\\e[2J\\n\\u2028"'])
def test_a_monstrous_key_is_named_in_a_short_sentence_on_one_line(key: str) -> None:
    sentence = str(refused(f"{TEXT}? {key}\n: 1\n"))

    assert sentence.isprintable()
    assert len(sentence) < 1000


@pytest.mark.parametrize("name", ['"\\e[2J\\u202e"', "n" * 100_000])
def test_a_monstrous_value_that_another_must_agree_with_is_told_in_short(name: str) -> None:
    sentence = str(refused(TEXT.replace("    name: aks\n", f"    ? name\n    : {name}\n", 1)))

    assert "hosts.cluster" in sentence
    assert sentence.isprintable()
    assert len(sentence) < 2000


def test_a_file_of_nothing_but_mistakes_is_answered_with_the_first_hundred() -> None:
    error = refused("".join(f"k{n}: 1\n" for n in range(15_000)))

    assert len(error.mistakes) == 101
    assert error.mistakes[-1].value.endswith(" more mistakes")
    assert len(str(error)) < 64_000
