"""LiteLLM's proxy, one worker, without a database."""

import json
from typing import Any

from bench.cases import MODELS
from bench.gateways.gateway import Gateway, Launch, Place
from bench.gateways.pypi import install_from_pypi, pypi_version


def _model(model: str, upstream: str) -> dict[str, Any]:
    params = {"model": f"openai/{model}", "api_base": f"{upstream}/v1", "api_key": "sk-bench"}
    return {"model_name": model, "litellm_params": params}


def _claude(model: str, upstream: str) -> dict[str, Any]:
    params = {"model": f"anthropic/{model}", "api_base": upstream, "api_key": "sk-bench"}
    return {"model_name": f"claude/{model}", "litellm_params": params}


def _launch(place: Place) -> Launch:
    config = place.folder / "litellm.yaml"
    document = {
        "model_list": [_model(model, place.upstream) for model in MODELS]
        + [_claude(model, place.upstream) for model in MODELS],
        "litellm_settings": {"telemetry": False, "set_verbose": False, "turn_off_message_logging": True},
        # Without a master key nobody is asked for one; on loopback, with a made-up upstream, there is nothing to guard.
        "general_settings": {"disable_spend_logs": True, "dangerously_permit_weak_or_unset_master_key": True},
    }
    config.write_text(json.dumps(document))
    return Launch(
        [
            *(str(place.prefix / "bin" / "litellm"), "--config", str(config), "--host", "127.0.0.1"),
            *("--port", str(place.port), "--num_workers", "1", "--telemetry", "False"),
        ],
        models={"chat": "", "messages": "claude/", "responses": ""},
        env={
            "LITELLM_LOG": "ERROR",
            "LITELLM_TELEMETRY": "False",
            # Else it fetches its price list from the internet when it starts.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
    )


LITELLM = Gateway(
    name="litellm",
    title="LiteLLM proxy",
    settings="one worker, no database, spend logs and telemetry off, log level error",
    install=install_from_pypi("litellm[proxy]"),
    launch=_launch,
    ways=(("chat", "chat"), ("messages", "messages"), ("responses", "responses")),
    version=pypi_version("litellm"),
)
