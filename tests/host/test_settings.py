"""App settings as Azure's configuration looks them up."""

import json
import os
from pathlib import Path

import pytest

from sandbox.host.errors import StartError
from sandbox.host.settings import Settings, azurite_connection_string, enter, read_values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("%QUEUE%", "steps"),
        ("a-%queue%-b-%Section:Name%", "a-steps-b-deep"),
        ("100 percent", "100 percent"),
    ],
)
def test_resolves_settings_without_regard_to_case(text: str, expected: str) -> None:
    assert Settings({"Queue": "steps", "Section__Name": "deep"}).resolve(text) == expected


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(KeyError, match="GONE"):
        Settings({}).resolve("a %GONE% b")


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        ({"AzureWebJobsStorage": "c1"}, "Storage", "c1"),
        ({"AzureWebJobsStorage": "c1"}, "AzureWebJobsStorage", "c1"),
        ({"Mine": "c2", "AzureWebJobsMine": "c3"}, "Mine", "c3"),
        ({"ConnectionStrings__Mine": "c4"}, "Mine", "c4"),
        ({}, "Mine", None),
        (
            {"Mine": "UseDevelopmentStorage=true"},
            "Mine",
            azurite_connection_string(blob=10000, queue=10001, table=10002),
        ),
    ],
)
def test_a_connection_is_looked_up_as_azure_does(
    values: dict[str, str], name: str, expected: str | None
) -> None:
    assert Settings(values).connection(name) == expected


@pytest.mark.parametrize(
    ("name", "value", "disabled"),
    [
        ("AzureWebJobs.tick.Disabled", "true", True),
        ("AzureWebJobs__tick__Disabled", "1", True),
        ("AzureWebJobs.tick.Disabled", "false", False),
        ("AzureWebJobs.other.Disabled", "true", False),
    ],
)
def test_a_function_is_disabled_by_its_setting(name: str, value: str, disabled: bool) -> None:
    assert Settings({name: value}).is_disabled("tick") is disabled


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_TEST_ONE", "from the environment")
    monkeypatch.setenv("SWITCHYARD_TEST_TWO", "to be forgotten with the test")
    monkeypatch.delenv("SWITCHYARD_TEST_TWO")
    settings = enter({"SWITCHYARD_TEST_ONE": "from the file", "SWITCHYARD_TEST_TWO": "from the file"})
    assert settings.get("SWITCHYARD_TEST_ONE") == "from the environment"
    assert os.environ["SWITCHYARD_TEST_TWO"] == "from the file"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "Expecting"),
        ("[]", "not a JSON object"),
        ('{"IsEncrypted": true}', "IsEncrypted"),
        ('{"Values": {"Port": 1, "Secret": "s3cret"}}', "'Port' is not a string"),
    ],
)
def test_a_settings_file_that_is_none_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content, "utf-8")
    with pytest.raises(StartError, match=complaint) as refusal:
        read_values(path)
    assert "s3cret" not in str(refusal.value)


def test_reads_the_values_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"IsEncrypted": False, "Values": {"A": "1"}}), "utf-8-sig")
    assert read_values(path) == {"A": "1"}
