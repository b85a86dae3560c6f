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
_COUNT_MAX = 10_000


def value_of(schema: Any, root: Any = None, depth: int = 0) -> Any:
    """Covers what tool and answer schemas use: types, enums, constants, objects, arrays, unions and `$ref`."""
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > 2 * _DEPTH_MAX:
        return {}
    if "const" in schema:
        return schema["const"]
    if _filled_list(schema, "enum"):
        return schema["enum"][0]
    if isinstance(schema.get("$ref"), str):
        return value_of(_referred(schema["$ref"], root), root, depth + 1)
    for union in ("anyOf", "oneOf"):
        if _filled_list(schema, union):
            branches = schema[union]
            return value_of(branches[-1] if depth > _DEPTH_MAX else branches[0], root, depth + 1)
    if _filled_list(schema, "allOf"):
        return _merged([value_of(branch, root, depth + 1) for branch in schema["allOf"]])
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    return _value_of_type(str(kind).lower(), schema, root, depth)


def _filled_list(schema: dict[str, Any], key: str) -> bool:
    """Callers write what they like into a schema; what is not one says nothing."""
    return isinstance(schema.get(key), list) and bool(schema[key])


def _count(schema: dict[str, Any], key: str, default: int) -> int:
    value = schema.get(key)
    return value if type(value) is int and 0 <= value <= _COUNT_MAX else default


def _value_of_type(kind: str, schema: dict[str, Any], root: Any, depth: int) -> Any:
    match kind:
        case "string":
            text = _FORMATS.get(str(schema.get("format")), "example").ljust(_count(schema, "minLength", 0), "x")
            return text[: _count(schema, "maxLength", len(text))]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            count = _count(schema, "minItems", 1 if depth <= _DEPTH_MAX else 0)
            return [value_of(schema.get("items", {}), root, depth + 1) for _ in range(count)]
        case _ if isinstance(schema.get("properties"), dict):
            properties = schema["properties"]
            required = schema["required"] if _filled_list(schema, "required") else []
            wanted = properties if depth <= _DEPTH_MAX else [name for name in properties if name in required]
            return {name: value_of(properties[name], root, depth + 1) for name in wanted}
    return {}


def _number(schema: dict[str, Any]) -> int | float:
    bounds = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")
    known: dict[str, int | float] = {key: schema[key] for key in bounds if type(schema.get(key)) in (int, float)}
    low = known.get("minimum", known["exclusiveMinimum"] + 1 if "exclusiveMinimum" in known else None)
    if low is None:
        high = known.get("maximum", known.get("exclusiveMaximum"))
        low = 1 if high is None or high > 1 else high - 1
    step = known.get("multipleOf")
    return -(-low // step) * step if step else low


def _referred(reference: str, root: Any) -> Any:
    node = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        node = node.get(step, {}) if isinstance(node, dict) and step else node
    return node


def _merged(values: list[Any]) -> Any:
    objects = [value for value in values if isinstance(value, dict)]
    return {k: v for value in objects for k, v in value.items()} if objects else values[0]
