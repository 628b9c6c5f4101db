"""How a host starts, stops, dies and comes back."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.azurite import Azurite
from sandbox.child import ChildFailed
from sandbox.host.host import Options
from sandbox.host.process import HostProcess
from tests.host.conftest import SAMPLE_APP, WAIT_SECONDS_MAX, Queue, call, sample_environment

HOST_JSON = '{"version": "2.0"}'
ROUTE = """
    import azure.functions as func
    app = func.FunctionApp()

    @app.route(route="x")
    def one(req: func.HttpRequest) -> str:
        return "x"
"""


SAME_ROUTE = (
    ROUTE
    + """
    @app.route(route="X")
    def two(req: func.HttpRequest) -> str:
        return "X"
"""
)
TIMER = """
    import azure.functions as func
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="timer", schedule="0 61 * * * *")
    def one(timer: func.TimerRequest) -> None:
        pass
"""
PARENT_OF_AZURITE = """
    from sandbox.azurite import Azurite

    print(Azurite().start().queue_port, flush=True)
    input()
"""
PARENT_OF_HOST = f"""
    from pathlib import Path
    from sandbox.host.host import Options
    from sandbox.host.process import HostProcess

    host = HostProcess(Options(Path({str(SAMPLE_APP)!r}), port=0)).start()
    print(host.url.rsplit(":")[-1], flush=True)
    input()
"""


def written(folder: Path, code: str | None, host_json: str | None = HOST_JSON) -> Path:
    if code is not None:
        (folder / "function_app.py").write_text(textwrap.dedent(code), "utf-8")
    if host_json is not None:
        (folder / "host.json").write_text(host_json, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("code", "host_json", "complaint"),
    [
        (None, HOST_JSON, "there is no function_app.py"),
        (ROUTE, None, "host.json"),
        ("import azure.functions as func\napp = func.FunctionApp()\n", HOST_JSON, "declares no functions"),
        ("import a_module_that_is_missing\n", HOST_JSON, "No module named 'a_module_that_is_missing'"),
        (SAME_ROUTE, HOST_JSON, "functions 'one' and 'two' both take every method on /api/x"),
        (ROUTE.replace('"x"', '"%GONE%"'), HOST_JSON, "route '%GONE%' needs the setting 'GONE'"),
        (TIMER, HOST_JSON, "function 'one': schedule '0 61 * * * *'"),
        (ROUTE.replace('"x"', '"x", auth_level="Anonymous"'), HOST_JSON, "Anonymous"),
    ],
)
def test_says_why_it_does_not_start(
    tmp_path: Path, code: str | None, host_json: str | None, complaint: str
) -> None:
    host = HostProcess(Options(written(tmp_path, code, host_json), port=0))
    with pytest.raises(ChildFailed) as refusal, host:
        pass
    assert complaint in str(refusal.value)
    assert host.child.wait(WAIT_SECONDS_MAX) == 1


def test_refuses_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ChildFailed, match=f"port {port} of 127.0.0.1"),
            HostProcess(Options(tmp_path, port=port)),
        ):
            pass


def test_refuses_storage_that_is_away(azurite: Azurite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        away = azurite.connection_string.replace(str(azurite.queue_port), str(server.getsockname()[1]))
    environment = sample_environment(azurite, "away-") | {"Sample": away}
    with (
        pytest.raises(ChildFailed, match="function 'work': queue 'away-work' can't be reached"),
        HostProcess(Options(SAMPLE_APP, port=0), environment),
    ):
        pass


def test_reads_a_settings_file_and_finds_its_own_files(tmp_path: Path) -> None:
    code = """
        import os
        from pathlib import Path
        import azure.functions as func

        app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
        GREETING = os.environ["GREETING"]

        @app.route(route="%ROUTE%")
        def greet(req: func.HttpRequest) -> str:
            return GREETING + Path("name.txt").read_text()
    """
    (tmp_path / "name.txt").write_text("blue", "utf-8")
    settings = tmp_path / "local.settings.json"
    values = {"GREETING": "from the file ", "ROUTE": "greet"}
    settings.write_text(json.dumps({"Values": values}), "utf-8")
    options = Options(written(tmp_path, code), port=0, settings=settings)
    with HostProcess(options, {"GREETING": "hello "}) as host:
        assert call(host.url, "/api/greet").body == b"hello blue"


def test_a_key_opens_what_is_not_anonymous(azurite: Azurite) -> None:
    options = Options(SAMPLE_APP, port=0, key="-open sesame")
    webhook = "/runtime/webhooks/eventgrid?functionName=event"
    with HostProcess(options, sample_environment(azurite, "k-")) as host:
        assert call(host.url, "/v1/guarded").status == 401
        assert call(host.url, "/v1/guarded?code=wrong").status == 401
        assert call(host.url, "/v1/guarded?code=-open%20sesame").status == 200
        assert call(host.url, "/v1/guarded", x_functions_key="-open sesame").status == 200
        assert call(host.url, "/v1/echo/a/rollouts/1").status == 201
        assert call(host.url, "/admin/host/status").status == 200
        assert call(host.url, "/admin/functions/never", "POST").status == 401
        assert call(host.url, webhook, "POST", "[]", aeg_event_type="Notification").status == 401
        assert "open sesame" not in host.child.output


def test_a_stop_lets_an_invocation_end(azurite: Azurite) -> None:
    with HostProcess(Options(SAMPLE_APP, port=0), sample_environment(azurite, "t-")) as host:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(call, host.url, "/v1/slow?seconds=0.5")
            host.child.wait_for("slow has begun", WAIT_SECONDS_MAX)
            os.kill(host.child.pid, signal.SIGTERM)
            assert answer.result().body == b"slow but done"
        assert host.child.wait(WAIT_SECONDS_MAX) == 0


def test_a_stop_does_not_wait_for_ever(azurite: Azurite, queue: Callable[[str], Queue]) -> None:
    options = Options(SAMPLE_APP, port=0, lease_seconds=1)
    with HostProcess(options, sample_environment(azurite, "u-")) as host:
        queue("u-work").send("hold 1")
        host.child.wait_for("work has begun on hold 1", WAIT_SECONDS_MAX)
        assert host.stop() == 0
        assert "stopped while an invocation was still running" in host.child.output


def test_a_killed_host_loses_no_message(azurite: Azurite, queue: Callable[[str], Queue]) -> None:
    options = Options(SAMPLE_APP, port=0, lease_seconds=1)
    environment = sample_environment(azurite, "c-")
    with HostProcess(options, environment) as host:
        queue("c-work").send("hold 2")
        host.child.wait_for("work has begun on hold 2", WAIT_SECONDS_MAX)
        host.kill()
    with HostProcess(options, environment):
        assert queue("c-seen").wait_for(lambda item: item["body"] == "hold 2")["dequeues"] == 2


def test_a_lease_is_renewed_while_its_function_runs(azurite: Azurite, queue: Callable[[str], Queue]) -> None:
    options = Options(SAMPLE_APP, port=0, lease_seconds=1)
    with HostProcess(options, sample_environment(azurite, "l-")) as host:
        work = queue("l-work")
        work.send("long")
        seen = queue("l-seen").wait_for(lambda item: item["body"] == "long")
        assert seen["dequeues"] == 1
        assert host.child.output.count("work has begun on long") == 1


@pytest.mark.parametrize("code", [PARENT_OF_AZURITE, PARENT_OF_HOST], ids=["azurite", "host"])
def test_children_end_with_their_parent(azurite: Azurite, code: str) -> None:
    """The parent is killed without a chance to clean up; its child's port must fall silent."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | sample_environment(azurite, "p-") | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), WAIT_SECONDS_MAX) as open_connection:
            parent.kill()
            open_connection.settimeout(WAIT_SECONDS_MAX)
            assert open_connection.recv(1) == b""
