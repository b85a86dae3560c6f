"""An alias with a fallback: the first provider is overloaded, the second answers, and the caller sees one answer.

    python examples/fallback.py

Needs the extra `demo` (the openai client). No key and no network: the providers are simulated.
"""

# ruff: noqa: T201
from local_gateway import gateway
from openai import OpenAI

from openclaw.sim import SimServer

CONFIG = """
discover: []
providers:
  busy: {{type: openai-compatible, base_url: "{sim}/v1", api_key: any}}
  claude: {{type: anthropic, base_url: "{sim}", api_key: any}}
aliases:
  careful: [busy/sim-error-503, claude/claude-sonnet-4-5]   # tried in order
"""

with SimServer() as sim, gateway(CONFIG.format(sim=sim.url)) as base_url:
    client = OpenAI(base_url=base_url, api_key="not-needed")
    raw = client.chat.completions.with_raw_response.create(
        model="careful", messages=[{"role": "user", "content": "Hello"}]
    )
    print(raw.parse().choices[0].message.content)
    for name in ("call", "attempts", "provider", "model", "degraded"):
        print(f"{name:>9}: {raw.headers[f'x-openclaw-{name}']}")
