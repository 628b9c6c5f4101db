"""The host is told of the very limit that the API has, wherever it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sandbox.demo.rehearsal import SETTINGS
from shared.api.http import BODY_BYTES_MAX

ROOT = Path(__file__).parent.parent.parent
NAME = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"


def test_the_host_refuses_what_the_api_would_refuse() -> None:
    bicep = (ROOT / "infra" / "modules" / "app-settings.bicep").read_text("utf-8")
    local = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    limits = [local[NAME], SETTINGS[NAME], *re.findall(rf"{NAME}: '(\d+)'", bicep)]

    assert limits == [str(BODY_BYTES_MAX)] * 3
