"""Simulated providers that speak every dialect and misbehave on cue; for demonstrations and for users' own tests.

    with SimServer() as sim:
        client = OpenAI(base_url=f"{sim.url}/v1", api_key="any")
        client.chat.completions.create(model="sim-echo", messages=[...])

What a simulated model does is told by its name (`sim-tool`, `sim-error-429`, `sim-cut-3`) or by a header `x-sim` with
a JSON object of `Script` fields; what it does in a whole conversation, by a list of scripts for its name. The same seed
and request give the same answer.
"""

from openclaw.sim.running import SimServer
from openclaw.sim.script import BEHAVIOURS, Script, ToolUse
from openclaw.sim.server import Sim

__all__ = ["BEHAVIOURS", "Script", "Sim", "SimServer", "ToolUse"]
