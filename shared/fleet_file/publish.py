"""Writes the JSON Schema of the fleet file where editors find it: `python -m shared.fleet_file.publish`."""

from __future__ import annotations

import json
from pathlib import Path

from shared.fleet_file import schema

TARGET = Path(__file__).parents[2] / "schema" / "fleet.schema.json"


def rendered() -> str:
    """The schema as it lies in the repository."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
