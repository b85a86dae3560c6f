"""A tool loop over two dialects: each step goes to a provider that speaks another one, and the agent does not notice.

    python examples/agent_loop.py

Needs the extra `demo` (the openai client). No key and no network: the providers are simulated.
"""

# ruff: noqa: T201
import json
from typing import Any

from local_gateway import gateway
from openai import OpenAI

from openclaw.sim import SimServer

CONFIG = """
discover: []
providers:
  claude: {{type: anthropic, base_url: "{sim}", api_key: any}}
  gemini: {{type: google, base_url: "{sim}/v1beta", api_key: any}}
aliases:
  planner: claude/sim-agent
  worker: gemini/sim-agent
"""
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}


def run_step(client: OpenAI, model: str, messages: list[Any]) -> Any:
    """One streamed model call; the message that it ended with."""
    with client.chat.completions.stream(model=model, messages=messages, tools=[TOOL]) as stream:
        return stream.get_final_completion().choices[0].message


with SimServer() as sim, gateway(CONFIG.format(sim=sim.url)) as base_url:
    client = OpenAI(base_url=base_url, api_key="not-needed")
    messages: list[Any] = [{"role": "user", "content": "Do I need an umbrella?"}]
    model = "planner"
    while True:
        message = run_step(client, model, messages)
        messages.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
        if not message.tool_calls:
            break
        for call in message.tool_calls:
            print(f"{model}: {call.function.name}({call.function.arguments})")
            result = json.dumps({"forecast": "showers"})
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        model = "worker"
    print(f"{model}: {message.content}")
