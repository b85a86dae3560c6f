"""The vendors' published API descriptions as checks of JSON documents.

They keep their own licences and are not part of this repository: they lie in `specs/` of the folder that
`OPENCLAW_SHARED` names, beside the recordings. Without them the tests that use this module skip.

A description is taken as it is, but for what the vendor's own recorded answers contradict; each such relief stands in a
table below with its reason.
"""

import functools
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.golden.wire import SHARED

SPECS = SHARED / "specs"

needs_specifications = pytest.mark.skipif(
    not SPECS.is_dir(), reason=f"no API descriptions at {SPECS}: set OPENCLAW_SHARED to the folder that holds specs/"
)

# Anthropic's description says `required` of fields that its API leaves out of most answers: of 499 recorded messages,
# 484 lack `container`, 457 `output_tokens_details`, 452 `server_tool_use`, 327 `stop_details`, 274 `inference_geo`, 48
# `cache_creation`, 33 `service_tier`, 18 the cache counts; of 644 text blocks 553 lack `citations`, of 150 tool calls
# 93 `caller`; of 209 ends of streams 21 lack `input_tokens`; errors have a `request_id` in newer recordings only.
_ANTHROPIC_LEAVES_OUT = {
    "container",
    "stop_details",
    "output_tokens_details",
    "server_tool_use",
    "inference_geo",
    "cache_creation",
    "service_tier",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "citations",
    "caller",
    "request_id",
}
_ANTHROPIC_LEAVES_OUT_OF = {"MessageDeltaUsage": {"input_tokens"}}

# OpenAI's API sends null here, which its description does not allow: 495 of 509 recorded responses have `user: null`,
# every one that has not ended `usage: null`, every echoed schema without a description `description: null`.
_OPENAI_SENDS_NULL = {
    "ModelResponseProperties": {"user"},
    "Response": {"usage"},
    "TextResponseFormatJsonSchema": {"description"},
}
# OpenAI's own library for agents tries again on this code (openai-agents, agents/models/openai_responses.py), which the
# list of the description lacks.
_OPENAI_ALSO_SAYS = {"ResponseErrorCode": ["server_is_overloaded"]}
# The field takes null and nothing else there, though its reason to be is the caller's schema; OpenAI's says object.
_OPEN_RESPONSES_SAYS_NULL = {"JsonSchemaResponseFormat": "schema"}
# Google's description refers to it and does not hold it.
_GOOGLE_LEAVES_OUT = {"MediaResolution"}
# Vertex AI's description of the same answer has it, and google-genai reads it from both APIs.
_GOOGLE_HAS_ALSO: dict[str, dict[str, Any]] = {"GenerateContentResponse": {"createTime": {"type": "string"}}}
# Anthropic's errors by word: https://platform.claude.com/docs/en/api/errors#http-errors names this one for 413; the
# description has no schema for it.
ANTHROPIC_ERROR_WITHOUT_SCHEMA = "request_too_large"


def faults(vendor: str, name: str, document: Any) -> list[str]:
    """Where a document breaks the vendor's schema of this name; empty where it keeps it."""
    errors = _validator(vendor, name).iter_errors(document)
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}" for error in errors]


def assert_valid(vendor: str, name: str, document: Any) -> None:
    """`vendor` is one of `openai`, `open-responses`, `anthropic`, `openrouter` and `google`."""
    found = faults(vendor, name, document)
    assert not found, f"{name} of {vendor}: {found[:5]} in {json.dumps(document)[:600]}"


@functools.cache
def event_schemas(vendor: str) -> Mapping[str, str]:
    """Type of a streamed event of Responses or Messages: the name of its schema."""
    _, schemas = _schemas(vendor)
    types = {name: _type_of(schema, schemas) for name, schema in schemas.items() if _is_event(name)}
    return {kind: name for name, kind in types.items() if kind is not None}


def _is_event(name: str) -> bool:
    return name.endswith("Event") and "Beta" not in name and not name.startswith(("Realtime", "WebSocket"))


def _type_of(schema: Any, schemas: Mapping[str, Any]) -> str | None:
    kind = schema.get("properties", {}).get("type", {})
    if "$ref" in kind:
        kind = schemas[kind["$ref"].rpartition("/")[2]]
    values = kind.get("enum", [kind.get("const")])
    return values[0] if len(values) == 1 else None


@functools.cache
def _validator(vendor: str, name: str) -> jsonschema_rs.Validator:
    place, schemas = _schemas(vendor)
    root: Any = schemas
    for step in reversed(place.strip("#/").split("/")):
        root = {step: root}
    return jsonschema_rs.validator_for(
        {"$ref": f"{place}/{name}", **root}, pattern_options=jsonschema_rs.RegexOptions()
    )


@functools.cache
def _schemas(vendor: str) -> tuple[str, dict[str, Any]]:
    """Where the references of a description point, and its schemas by name."""
    file, place, mend = _DESCRIPTIONS[vendor]
    data = (SPECS / file).read_bytes()
    data = gzip.decompress(data) if file.endswith(".gz") else data
    # libyaml's reader, where there is one: the plain one takes half a minute for OpenRouter's.
    document = yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if ".yaml" in file else json.loads(data)  # noqa: S506
    if vendor == "openrouter":
        document["components"]["schemas"] |= _openrouter_answers(document["paths"])
    for step in place.strip("#/").split("/"):
        document = document[step]
    return place, {name: mend(name, schema) for name, schema in document.items()}


def _openai(name: str, schema: Any) -> Any:
    """The document says `nullable: true`, a word of OpenAPI 3.0 that 3.1 does not know; the recorded API sends null."""
    if isinstance(schema, list):
        return [_openai(name, item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _openai(name, value) for key, value in schema.items()}
    for field in _OPENAI_SENDS_NULL.get(name, set()) & schema.get("properties", {}).keys():
        schema["properties"][field] = _or_null(schema["properties"][field])
    if name in _OPENAI_ALSO_SAYS and "enum" in schema:
        schema["enum"] += _OPENAI_ALSO_SAYS[name]
    return _or_null(schema) if schema.pop("nullable", False) is True else schema


def _or_null(schema: Any) -> Any:
    return {"anyOf": [schema, {"type": "null"}]}


def _anthropic(name: str, schema: Any) -> Any:
    left_out = _ANTHROPIC_LEAVES_OUT | _ANTHROPIC_LEAVES_OUT_OF.get(name, set())
    required = [field for field in schema.get("required", []) if field not in left_out]
    return {**schema, "required": required}


def _openrouter(name: str, schema: Any) -> Any:
    return schema


def _openrouter_answers(paths: Mapping[str, Any]) -> dict[str, Any]:
    """What a GET of a path answers, under the path's name, where the description has it there and not among the
    schemas."""
    answers = {path: item.get("get", {}).get("responses", {}).get("200", {}) for path, item in paths.items()}
    contents = {path: answer.get("content", {}).get("application/json", {}) for path, answer in answers.items()}
    return {path.strip("/"): content["schema"] for path, content in contents.items() if "schema" in content}


def _google(name: str, schema: Any) -> Any:
    """Google's discovery format as JSON Schema. Fields that it does not name are faults: it has no `required`, so a
    mistyped name would pass otherwise."""
    if isinstance(schema, list):
        return [_google(name, item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "any" or schema.get("$ref") in _GOOGLE_LEAVES_OUT:
        return {}
    if "$ref" in schema:
        return {"$ref": f"#/schemas/{schema['$ref']}"}
    made = {key: _google(name, value) for key, value in schema.items() if key in _GOOGLE_WORDS}
    if "properties" in schema:
        properties = {**schema["properties"], **_GOOGLE_HAS_ALSO.get(name, {})}
        made["properties"] = {key: _google(name, value) for key, value in properties.items()}
        made.setdefault("additionalProperties", False)
    return made


_GOOGLE_WORDS = ("type", "items", "enum", "additionalProperties")


def _open_responses(name: str, schema: Any) -> Any:
    if name not in _OPEN_RESPONSES_SAYS_NULL:
        return schema
    return {**schema, "properties": {**schema["properties"], _OPEN_RESPONSES_SAYS_NULL[name]: {"type": "object"}}}


_DESCRIPTIONS: dict[str, tuple[str, str, Callable[[str, Any], Any]]] = {
    "openai": ("openai.openapi.json.gz", "#/components/schemas", _openai),
    "open-responses": ("open-responses.types.schema.json", "#/$defs", _open_responses),
    "anthropic": ("anthropic.openapi.json.gz", "#/components/schemas", _anthropic),
    "openrouter": ("openrouter.openapi.yaml.gz", "#/components/schemas", _openrouter),
    "google": ("google.generativelanguage.v1beta.discovery.json", "#/schemas", _google),
}
