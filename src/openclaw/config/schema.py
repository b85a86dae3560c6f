"""The JSON Schema of the configuration file, for editors: `openclaw schema > openclaw.schema.json`."""

from typing import Any

import msgspec

from openclaw.config.declared import Config


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12, made from the declared types, so it cannot disagree with the loader."""
    schema = msgspec.json.schema(Config)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "OpenClaw configuration", **schema}
