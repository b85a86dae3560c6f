"""`openclaw demo`: a short agent task through the gateway, with the official client, and what it cost.

Without a key in the environment and without a model server on this machine it runs in front of simulated providers
and says so; prices are those of the real models that the simulation stands for.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from openclaw.config.compile import compile_config
from openclaw.config.declared import Config
from openclaw.config.discover import find_local_servers, local_kinds
from openclaw.config.load import loads
from openclaw.gateway.http1 import Http1Transport
from openclaw.gateway.pipeline import Gateway
from openclaw.gateway.record import CallRecord
from openclaw.gateway.snapshot import Snapshot
from openclaw.routing.directory import Directory
from openclaw.routing.target import Target
from openclaw.server.app import App
from openclaw.server.doors import Doors
from openclaw.server.ids import call_id_maker
from openclaw.server.protocol import bounded_protocol
from openclaw.sim import SimServer
from openclaw.sim.running import ServerThread

try:
    from openai import APIError, DefaultHttpxClient, OpenAI
except ModuleNotFoundError:  # the extra `demo` is not installed; `run` says so
    OpenAI = None  # type: ignore[assignment, misc]

# The names stand for real models, so that the catalogue has their prices; who answers is the simulation. The planner's
# first choice is overloaded on purpose.
_SIMULATED = """
discover: []
providers:
  openai: {{base_url: "{url}/v1", api_key: simulated}}
  anthropic: {{base_url: "{url}", api_key: simulated}}
  google: {{base_url: "{url}/v1beta", api_key: simulated}}
aliases:
  planner: [openai/sim-error-503, anthropic/claude-sonnet-4-5]
  worker: google/gemini-2.5-flash
  extractor: openai/gpt-4o-mini
"""

_WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a place today",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}
_ADVICE: Any = {
    "type": "json_schema",
    "json_schema": {
        "name": "advice",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"take_umbrella": {"type": "boolean"}, "reason": {"type": "string"}},
            "required": ["take_umbrella", "reason"],
            "additionalProperties": False,
        },
    },
}
_TASK = "Should I take an umbrella in Lisbon today? Use the tool, then answer in one sentence."


class Models(Struct, frozen=True):
    """The names that the three steps of the task ask for."""

    planner: str
    worker: str
    extractor: str


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("demo", help="run a short agent task and show what it cost")
    parser.add_argument("--simulated", action="store_true", help="use simulated providers even where real ones are")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if OpenAI is None:
        print("the demonstration uses the openai client: pip install 'openclaw-gateway[demo]'", file=sys.stderr)
        return 1
    snapshot = None if options.simulated else _real_snapshot(os.environ)
    if snapshot is not None and (model := _demo_model(snapshot.directory)) is not None:
        print(f"Found a provider: the task runs on {model}.\n")
        try:
            _run_task(snapshot, Models(model, model, model))
        except APIError as error:
            print(f"\n{error}\nWith --simulated the task runs without a provider.", file=sys.stderr)
            return 1
        return 0
    print("SIMULATED: no provider key and no local model server found, so simulated providers answer.")
    print("Set e.g. OPENAI_API_KEY to run the same task for real. Costs below are what the real models would cost.\n")
    with SimServer() as sim:
        config = loads(_SIMULATED.format(url=sim.url), "(demo)", {}, Path())
        snapshot = compile_config(config, {}, file="(demo)", new_transport=Http1Transport)
        _run_task(snapshot, Models("planner", "worker", "extractor"))
    return 0


def _real_snapshot(env: Mapping[str, str]) -> Snapshot | None:
    servers = find_local_servers(local_kinds())
    snapshot = compile_config(Config(), env, file="(demo)", new_transport=Http1Transport, local_servers=servers)
    return snapshot if list(snapshot.directory.providers) else None


def _demo_model(directory: Directory) -> str | None:
    """The cheapest model that calls tools, by the catalogue; a local server's first model costs nothing."""
    candidates = [target for name in directory.names for target in directory.resolve(name)[:1] if name == target.name]
    local = [target for target in candidates if target.provider.models]
    if local:
        return local[0].name
    able = [target for target in candidates if _is_priced_tool_model(target)]
    return min(able, key=_price_of).name if able else None


def _is_priced_tool_model(target: Target) -> bool:
    profile = target.profile
    return profile is not None and profile.tool_call is True and profile.price is not None


def _price_of(target: Target) -> int:
    assert target.profile is not None, "only priced models are compared"
    assert target.profile.price is not None, "only priced models are compared"
    return target.profile.price.rate.input + target.profile.price.rate.output


# --- the task ------------------------------------------------------------------------------------------------


@contextmanager
def _running(snapshot: Snapshot, records: list[CallRecord]) -> Iterator[str]:
    gateway = Gateway(snapshot, records.append, call_id_maker())
    protocol = bounded_protocol(snapshot.limits.header_bytes_max)
    thread = ServerThread(App(gateway, Doors().find), protocol, snapshot.transport.close)
    thread.start()
    try:
        yield thread.url
    finally:
        thread.stop()


def _run_task(snapshot: Snapshot, models: Models) -> None:
    records: list[CallRecord] = []
    with _running(snapshot, records) as url:
        # The gateway is on this machine: a proxy of the environment would not find it.
        client = OpenAI(base_url=f"{url}/v1", api_key="demo", http_client=DefaultHttpxClient(trust_env=False))
        messages: list[Any] = [{"role": "user", "content": _TASK}]
        message = client.chat.completions.create(model=models.planner, messages=messages, tools=[_WEATHER])
        _act(messages, message.choices[0].message)
        _answer(client, messages, models.worker)
        reply = client.chat.completions.create(model=models.extractor, messages=messages, response_format=_ADVICE)
        print(f"3. extract   {reply.choices[0].message.content}\n")
    _print_records(records)


def _act(messages: list[Any], message: Any) -> None:
    """Do what the model asked for, as an agent would."""
    messages.append(message.model_dump(exclude_none=True))
    for call in message.tool_calls or []:
        place = json.loads(call.function.arguments).get("place", "Lisbon")
        print(f"1. plan      the model calls {call.function.name}({call.function.arguments})")
        result = {"place": place, "forecast": "showers in the afternoon", "rain_chance": 0.8}
        messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
    if not message.tool_calls:
        print(f"1. plan      {message.content}")


def _answer(client: Any, messages: list[Any], model: str) -> None:
    print("2. act       ", end="")
    text = ""
    for chunk in client.chat.completions.create(model=model, messages=messages, tools=[_WEATHER], stream=True):
        piece = (chunk.choices[0].delta.content or "") if chunk.choices else ""
        text += piece
        print(piece, end="", flush=True)
    print()
    messages.append({"role": "assistant", "content": text})
    messages.append({"role": "user", "content": "Now the same as JSON."})


def _print_records(records: Sequence[CallRecord]) -> None:
    print(f"{'step':<10} {'asked for':<12} {'answered by':<30} {'attempts':<34} {'tokens':>11} {'cost':>12}")
    for step, record in zip(("plan", "act", "extract"), records, strict=False):
        attempts = ", then ".join(f"{a.provider_name}: {a.error_type or 'ok'}" for a in record.attempts)
        usage = record.usage
        tokens = f"{usage.input_tokens}+{usage.output_tokens}" if usage is not None else "?"
        served = f"{record.provider_name}/{record.response_model}"
        asked = record.request_model if record.request_model != served else "(the same)"
        print(f"{step:<10} {asked:<12} {served:<30} {attempts:<34} {tokens:>11} {_dollars(record.cost_nanousd):>12}")
    costs = [record.cost_nanousd for record in records]
    known = [cost for cost in costs if cost is not None]
    total = _dollars(sum(known)) + (" and what is unknown" if len(known) < len(costs) else "")
    print(f"\nIn all {total}. Every answer told its call id, provider, model and attempts in x-openclaw-* headers.")


def _dollars(nanousd: int | None) -> str:
    return "unknown" if nanousd is None else f"${nanousd / 1e9:.7f}"
