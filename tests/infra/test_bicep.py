"""What the Bicep files promise the product: its settings, its triggers, and who gets in.

Holds text against code. It refuses to know whether Azure accepts a deployment: only Azure does.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.demo.people import OPEN
from shared import settings
from shared.api import access
from shared.api.access import ACTION_GROUPS, EVENT_GRID, Role

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))
BY_NAME = {path.name: path.read_text("utf-8") for path in FILES}
DEPLOYING = (ROOT / "docs/deploy.md").read_text("utf-8")
REFERENCE = ROOT.parent / "shared"


class Asked(dict[str, str]):
    """An environment that remembers which names were asked for."""

    names: set[str]

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.names.add(key)
        return super().get(key, default)


def app_settings() -> set[str]:
    block = BY_NAME["app-settings.bicep"].split("properties: {", 1)[1]
    return set(re.findall(r"^    (\w+): ", block, re.MULTILINE))


def triggers() -> dict[str, dict[str, str]]:
    """Each function's name with its decorators: the decorator's name to its first text argument."""
    tree = ast.parse((ROOT / "function_app.py").read_text("utf-8"))
    found: dict[str, dict[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.decorator_list:
            found[node.name] = {
                each.func.attr: str(each.args[0].value)
                if each.args and isinstance(each.args[0], ast.Constant)
                else ""
                for each in node.decorator_list
                if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)
            }
    return found


def ast_levels() -> dict[str, dict[str, str]]:
    """Each HTTP function's name with its route and, where it has one of its own, its level."""
    tree = ast.parse((ROOT / "function_app.py").read_text("utf-8"))
    found = {}
    functions = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    for node in functions:
        for call in node.decorator_list:
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "route"
            ):
                levels = {k.arg: ast.unparse(k.value) for k in call.keywords if k.arg == "auth_level"}
                found[node.name] = {"route": ast.unparse(call.args[0]).strip("'"), **levels}
    return found


def checked(files: list[Path]) -> subprocess.CompletedProcess[str]:
    """The reference's checker on these files, or a skip that says what is missing."""
    tool, types = REFERENCE / "tools/check_bicep_types.py", REFERENCE / "types"
    if not tool.is_file():
        pytest.skip(f"Bicep types were NOT checked: {tool} is not here")
    python = os.environ.get("BICEP_PYTHON", sys.executable)
    parsers = [python, "-c", "import tree_sitter, tree_sitter_bicep"]
    if subprocess.run(parsers, capture_output=True, check=False).returncode:
        pytest.skip(f"Bicep types were NOT checked: {python} has no tree-sitter-bicep (set BICEP_PYTHON)")
    known = f"{types / 'types_newest.json'},{types / 'types_all.json'}"
    command = [python, str(tool), "--types", known, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_types_properties_and_names_are_azures() -> None:
    done = checked(FILES)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_mistake_in_the_bicep_would_be_reported(tmp_path: Path) -> None:
    broken = shutil.copytree(INFRA, tmp_path / "infra") / "modules/storage.bicep"
    broken.write_text(broken.read_text("utf-8").replace("allowSharedKeyAccess", "allowSharedKeys"))
    done = checked([broken])
    assert done.returncode == 1
    assert "unknown property 'allowSharedKeys'" in done.stdout


def test_the_product_starts_with_the_settings_of_the_app() -> None:
    environment = Asked(dict.fromkeys(app_settings(), "https://account.table.core.windows.net/"))
    environment.names = set()
    parsed = settings.parse(environment)
    assert parsed.storage_connection is None
    assert parsed.tables_endpoint == "https://account.table.core.windows.net/"
    undocumented = {
        name for name in environment.names if name not in environment and f"`{name}`" not in DEPLOYING
    }
    assert undocumented == set()


def test_every_setting_that_a_binding_names_is_set() -> None:
    code = (ROOT / "function_app.py").read_text("utf-8")
    named = set(re.findall(r"%(\w+)%", code))
    local = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    assert named
    assert named - app_settings() == set()
    assert named - set(local) == set()


def test_the_bindings_connection_has_an_endpoint_for_queues_and_an_identity() -> None:
    connections = set(re.findall(r'connection="(\w+)"', (ROOT / "function_app.py").read_text("utf-8")))
    wanted = {
        f"{each}__{part}" for each in connections for part in ("queueServiceUri", "credential", "clientId")
    }
    assert connections
    assert wanted - app_settings() == set()


def test_settings_that_flex_consumption_refuses_are_not_there() -> None:
    assert (
        app_settings() & {"FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "AzureWebJobsStorage"}
        == set()
    )


def test_functions_that_the_bicep_names_exist_with_the_trigger_that_is_meant() -> None:
    found = triggers()
    text = "\n".join(BY_NAME.values())
    warm = set(re.findall(r"'function:(\w+)'", text))
    children = set(re.findall(r"'functions' existing = \{\s+name: '(\w+)'", text))
    assert warm == {"advance"}
    assert children == {"events", "alerts"}
    assert "queue_trigger" in found["advance"]
    assert "event_grid_trigger" in found["events"]
    assert "route" in found["alerts"]


def test_addresses_in_the_bicep_are_routes_of_the_app() -> None:
    prefix = json.loads((ROOT / "host.json").read_text("utf-8"))["extensions"]["http"]["routePrefix"]
    routes = {f"/{prefix}/{each['route']}" for each in triggers().values() if "route" in each}
    text = BY_NAME["action-group.bicep"].replace("${api}", "/api") + BY_NAME["easy-auth.bicep"]
    named = set(re.findall(r"/api/[\w./]+", text))
    assert named >= {"/api/alerts", "/api/entra/alerts"}
    assert named - routes == set()


def test_roles_that_access_modules_assign_are_defined() -> None:
    pattern = r"guid\(subscription\(\)\.id, '(switchyard-[\w-]+)'\)"
    defined = set(re.findall(pattern, BY_NAME["roles.bicep"]))
    used = {
        name
        for path in FILES
        if path.name.startswith("access-")
        for name in re.findall(pattern, BY_NAME[path.name])
    }
    assert used
    assert used <= defined


def test_no_key_leaves_the_action_group_and_storage_takes_none() -> None:
    assert [name for name, text in BY_NAME.items() if "listKeys" in text] == ["action-group.bicep"]
    outputs = re.findall(r"^output .*$", BY_NAME["action-group.bicep"], re.MULTILINE)
    assert outputs == ["output id string = group.id"]
    assert "allowSharedKeyAccess: false" in BY_NAME["storage.bicep"]


def test_the_app_trusts_easy_auth_only_once_easy_auth_is_there() -> None:
    trusting = [name for name, text in BY_NAME.items() if re.search(r"SWITCHYARD_TRUST_EASY_AUTH: ", text)]
    assert trusting == ["app-settings.bicep"]
    assert "appSettings" not in BY_NAME["app.bicep"]
    main = BY_NAME["main.bicep"]
    assert "module easyAuth 'modules/easy-auth.bicep' = {" in main, "it depends on nothing"
    settings_module = main.split("module appSettings", 1)[1].split("\nmodule ", 1)[0]
    assert re.search(r"dependsOn: \[\s+easyAuth\s+\]", settings_module)
    assert re.search(r"^param entraClientId string$", main, re.MULTILINE), "it has no default"
    assert "requireAuthentication: true" in BY_NAME["easy-auth.bicep"]


def test_what_easy_auth_lets_pass_unseen_asks_for_a_key_of_its_own() -> None:
    text = BY_NAME["easy-auth.bicep"]
    keyed, nobodys = (
        set(re.findall(r"'([^']+)'", found[1]))
        for found in (re.search(rf"var {name} = \[(.+)\]", text) for name in ("keyedPaths", "openPaths"))
        if found is not None
    )
    assert "excludedPaths: concat(keyedPaths, openPaths)" in text
    assert keyed == {"/runtime/webhooks/eventgrid", "/api/events", "/api/alerts", "/api/health"}
    assert nobodys == {f"/api{path}" for _, path in access.OPEN}
    assert set(OPEN) == keyed | nobodys, "the rehearsal is as open as Azure is, and no more"
    for name, decorators in ast_levels().items():
        if f"/api/{decorators['route']}" in keyed:
            assert "auth_level" not in decorators, f"{name} would ask for nothing at all"


def test_the_applications_that_may_send_webhooks_are_those_that_the_api_knows() -> None:
    senders = re.search(r"var senderClientIds = \[(.+)\]", BY_NAME["easy-auth.bicep"])
    assert senders is not None
    wanted = {EVENT_GRID.application, ACTION_GROUPS.application}
    assert set(re.findall(r"'([^']+)'", senders[1])) == wanted


def test_the_roles_of_the_entra_application_are_those_that_the_api_asks_for() -> None:
    declared = json.loads((INFRA / "app-roles.json").read_text("utf-8"))
    people = {each["value"] for each in declared if "User" in each["allowedMemberTypes"]}
    assert people == set(Role)
    assert {each["value"] for each in declared} - people == {EVENT_GRID.role, ACTION_GROUPS.role}
    assert len({each["id"] for each in declared}) == len(declared)
    assert "infra/app-roles.json" in DEPLOYING


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_name_hides_a_function_that_the_file_calls(path: Path) -> None:
    text = BY_NAME[path.name]
    declared = set(re.findall(r"^\s*(?:param|var|resource|module) (\w+)", text, re.MULTILINE))
    assert declared & set(re.findall(r"(?<![.\w])(\w+)\(", text)) == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_short_opens_with_its_purpose_and_is_documented(path: Path) -> None:
    lines = BY_NAME[path.name].splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) <= 300
    assert f"`{path.relative_to(INFRA)}`" in DEPLOYING
