"""The JSON Schema of the configuration file, for editors: `openclaw schema > openclaw.schema.json`."""

from typing import Any

import msgspec

from openclaw.config.declared import Config, ProviderDeclared
from openclaw.config.load import ANCHOR_PREFIX
from openclaw.providers.registry import kind_names

# A number or a switch may come from a reference; what that gives is checked when the file is read.
_REFERENCE = {"type": "string", "pattern": r"\$\{(env|file):"}
# Of a text that is to be sent as it stands, YAML's number is as good.
_SCALARS = frozenset({"integer", "number", "boolean"})


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12, made from the declared types and widened by what the loader takes besides: nothing behind a
    section's key, one item where a list may stand, a reference for a number."""
    (reference,), definitions = msgspec.json.schema_components([Config], ref_template="#/$defs/{name}")
    definitions = {name: _widened_struct(schema) for name, schema in definitions.items()}
    root = definitions[Config.__name__]
    kind = definitions[ProviderDeclared.__name__]["properties"]["type"]
    kind["anyOf"] = [{"enum": list(kind_names())}, _REFERENCE, {"type": "null"}]
    root["patternProperties"] = {f"^{ANCHOR_PREFIX}": {"description": "Holds YAML anchors; not read."}}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "OpenClaw configuration",
        **reference,
        "$defs": definitions,
    }
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))  # defaults are tuples until then
    return document


def _widened_struct(schema: dict[str, Any]) -> dict[str, Any]:
    properties = {name: _widened(inner) for name, inner in schema["properties"].items()}
    return {**schema, "properties": properties}


def _widened(schema: dict[str, Any]) -> dict[str, Any]:
    """A field's schema with its notes outside and the forms it may have inside."""
    notes: dict[str, Any] = {key: schema[key] for key in ("description", "examples", "default") if key in schema}
    form = {key: value for key, value in schema.items() if key not in notes}
    forms = [_with_inner(f) for f in form.get("anyOf", [form])]
    kinds = {f.get("type") for f in forms}
    if kinds & _SCALARS:
        forms.append(_REFERENCE)
    if "array" in kinds:
        items = next(f["items"] for f in forms if f.get("type") == "array")
        if "$ref" not in items and "string" not in kinds:
            forms.append(items)
    if "null" not in kinds and ("$ref" in form or kinds & {"object", "array"}) and "string" not in kinds:
        forms.append({"type": "null"})
    return {**notes, **(forms[0] if len(forms) == 1 else {"anyOf": forms})}


def _with_inner(form: dict[str, Any]) -> dict[str, Any]:
    """A table's values are widened as a field's are."""
    inner = form.get("additionalProperties")
    return {**form, "additionalProperties": _widened(inner)} if isinstance(inner, dict) else form
