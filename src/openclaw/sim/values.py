"""A value that fits a JSON Schema: the smallest obvious one, the same every time."""

from typing import Any

_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
# Schemas may refer to themselves; past this depth optional branches end.
_DEPTH_MAX = 8


def value_of(schema: Any, root: Any = None, depth: int = 0) -> Any:
    """Covers what tool and answer schemas use: types, enums, constants, objects, arrays, unions and `$ref`."""
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > 2 * _DEPTH_MAX:
        return {}
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if "$ref" in schema:
        return value_of(_referred(schema["$ref"], root), root, depth + 1)
    for union in ("anyOf", "oneOf"):
        if schema.get(union):
            branches = schema[union]
            return value_of(branches[-1] if depth > _DEPTH_MAX else branches[0], root, depth + 1)
    if schema.get("allOf"):
        return _merged([value_of(branch, root, depth + 1) for branch in schema["allOf"]])
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    return _value_of_type(str(kind).lower(), schema, root, depth)


def _value_of_type(kind: str, schema: dict[str, Any], root: Any, depth: int) -> Any:
    match kind:
        case "string":
            text = _FORMATS.get(schema.get("format", ""), "example")
            return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 10_000)]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            count = max(schema.get("minItems", 1), 0) if depth <= _DEPTH_MAX else schema.get("minItems", 0)
            return [value_of(schema.get("items", {}), root, depth + 1) for _ in range(count)]
        case _ if "properties" in schema:
            required = schema.get("required", list(schema["properties"]))
            wanted = schema["properties"] if depth <= _DEPTH_MAX else required
            return {k: value_of(schema["properties"].get(k, {}), root, depth + 1) for k in wanted}
    return {}


def _number(schema: dict[str, Any]) -> int | float:
    low: int | float | None = schema.get("minimum", schema.get("exclusiveMinimum"))
    if low is None:
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        return 1 if high is None or high > 1 else high - 1
    if "exclusiveMinimum" in schema and "minimum" not in schema:
        low += 1
    step: int | None = schema.get("multipleOf")
    return low if not step else -(-low // step) * step


def _referred(reference: str, root: Any) -> Any:
    node = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        node = node.get(step, {}) if isinstance(node, dict) and step else node
    return node


def _merged(values: list[Any]) -> Any:
    objects = [value for value in values if isinstance(value, dict)]
    return {k: v for value in objects for k, v in value.items()} if objects else values[0]
