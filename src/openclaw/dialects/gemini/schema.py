"""Gemini's own schema form, a subset of OpenAPI 3.0, as the JSON Schema that every other provider reads.

Source: the Schema type of https://ai.google.dev/api/caching#Schema. Types may be upper case (`OBJECT`), nullability is
`nullable: true`, and a few numbers are written as strings (int64 in proto3 JSON).
"""

from typing import Any

from openclaw.calls import JsonObject

# Words of Gemini's form that JSON Schema has none for. They order or illustrate and forbid nothing.
_DROPPED = frozenset({"propertyOrdering", "property_ordering", "nullable", "example"})
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_SNAKE = {
    "any_of": "anyOf",
    "additional_properties": "additionalProperties",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
}


def json_schema(native: JsonObject) -> JsonObject:
    """The same schema in JSON Schema. One that is JSON Schema already comes back equal. Raises `RecursionError`
    when nested beyond the interpreter's depth."""
    schema: JsonObject = {}
    for written, value in native.items():
        key = _SNAKE.get(written, written)
        if key not in _DROPPED:
            schema[key] = _keyword(key, value)
    if native.get("nullable") is True:
        _allow_null(schema)
    return schema


def _keyword(key: str, value: Any) -> Any:
    if key == "type" and isinstance(value, str):
        return value.lower()
    if key in _COUNTS and isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    if key in ("properties", "$defs", "definitions") and isinstance(value, dict):
        return {name: _subschema(item) for name, item in value.items()}
    if key in ("items", "additionalProperties"):
        return _subschema(value)
    if key in ("anyOf", "oneOf", "allOf", "prefixItems") and isinstance(value, list):
        return [_subschema(item) for item in value]
    return value


def _subschema(value: Any) -> Any:
    return json_schema(value) if isinstance(value, dict) else value


def _allow_null(schema: JsonObject) -> None:
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    elif isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
