"""What LiteLLM's provider prefixes are called here, as tables.

Prefixes, variables and parameters are those of LiteLLM's documentation: https://docs.litellm.ai/docs/providers and
https://docs.litellm.ai/docs/proxy/config_settings
"""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct


def as_it_stands(base: str) -> str:
    return base.rstrip("/").removesuffix("/chat/completions")


def with_v1(base: str) -> str:
    base = as_it_stands(base)
    return base if base.endswith("/v1") else f"{base}/v1"


def azure_v1(base: str) -> str:
    """The v1 API of a resource, whatever part of the older API's path stands behind its host."""
    host, _, _ = base.rstrip("/").partition("/openai")
    return f"{host}/openai/v1"


def anthropic_host(base: str) -> str:
    return base.rstrip("/").removesuffix("/v1/messages").removesuffix("/v1")


def gemini_v1beta(base: str) -> str:
    base = base.rstrip("/")
    return base if re.search(r"/v1(beta)?$", base) else f"{base}/v1beta"


class Vendor(Struct, frozen=True):
    """One prefix of LiteLLM's.

    `kind` is the provider type here. `key_env` and `base_env` are variables that LiteLLM reads and this type does not;
    `base_url` is the address where the type has none of its own; `address` turns an `api_base` into a base_url.
    `own_hosts` are those where `kind` holds; elsewhere the server is merely compatible.
    """

    kind: str
    key_env: str | None = None
    base_env: str | None = None
    base_url: str | None = None
    address: Callable[[str], str] = as_it_stands
    own_hosts: tuple[str, ...] = ()


COMPATIBLE = "openai-compatible"

VENDORS: Mapping[str, Vendor] = {
    "openai": Vendor("openai", own_hosts=("api.openai.com", "eu.api.openai.com", "us.api.openai.com")),
    "text-completion-openai": Vendor("openai", own_hosts=("api.openai.com",)),
    "azure": Vendor("azure", base_env="AZURE_API_BASE", address=azure_v1),
    "azure_ai": Vendor("azure", key_env="AZURE_AI_API_KEY", base_env="AZURE_AI_API_BASE", address=azure_v1),
    "azure_text": Vendor("azure", base_env="AZURE_API_BASE", address=azure_v1),
    "anthropic": Vendor("anthropic", address=anthropic_host),
    "gemini": Vendor("google", address=gemini_v1beta),
    "vertex_ai": Vendor("vertex"),
    "vertex_ai_beta": Vendor("vertex"),
    "bedrock": Vendor("bedrock"),
    "bedrock_converse": Vendor("bedrock"),
    "deepseek": Vendor("deepseek"),
    "mistral": Vendor("mistral"),
    "codestral": Vendor("mistral", key_env="CODESTRAL_API_KEY", base_url="https://codestral.mistral.ai/v1"),
    "groq": Vendor("groq"),
    "xai": Vendor("xai"),
    "together_ai": Vendor("together", key_env="TOGETHERAI_API_KEY"),
    "fireworks_ai": Vendor("fireworks", key_env="FIREWORKS_AI_API_KEY"),
    "openrouter": Vendor("openrouter"),
    "cohere": Vendor("cohere"),
    "cohere_chat": Vendor("cohere"),
    "perplexity": Vendor("perplexity", key_env="PERPLEXITYAI_API_KEY"),
    "cerebras": Vendor("cerebras"),
    "moonshot": Vendor("moonshot"),
    "zai": Vendor("zai"),
    "voyage": Vendor("voyage"),
    "ollama": Vendor("ollama", address=with_v1),
    "ollama_chat": Vendor("ollama", address=with_v1),
    "hosted_vllm": Vendor("vllm", base_env="HOSTED_VLLM_API_BASE"),
    "lm_studio": Vendor("lmstudio", base_env="LM_STUDIO_API_BASE"),
    "llamafile": Vendor("llama.cpp"),
    "openai_like": Vendor(COMPATIBLE, base_env="OPENAI_LIKE_API_BASE", key_env="OPENAI_LIKE_API_KEY"),
    "custom_openai": Vendor(COMPATIBLE),
    "litellm_proxy": Vendor(COMPATIBLE, base_env="LITELLM_PROXY_API_BASE", key_env="LITELLM_PROXY_API_KEY"),
    "xinference": Vendor(COMPATIBLE, base_env="XINFERENCE_API_BASE"),
    "nvidia_nim": Vendor(
        COMPATIBLE, key_env="NVIDIA_NIM_API_KEY", base_url="https://integrate.api.nvidia.com/v1"
    ),
    "deepinfra": Vendor(COMPATIBLE, key_env="DEEPINFRA_API_KEY", base_url="https://api.deepinfra.com/v1/openai"),
    "sambanova": Vendor(COMPATIBLE, key_env="SAMBANOVA_API_KEY", base_url="https://api.sambanova.ai/v1"),
    "dashscope": Vendor(
        COMPATIBLE,
        key_env="DASHSCOPE_API_KEY",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    ),
}  # fmt: skip

# LiteLLM knows many bare names from its price list; these are the families that people write.
BARE_NAMES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(ft:)?(gpt-|chatgpt-|o[1-9](-|$)|text-embedding-(ada|3)|davinci|babbage)"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "vertex_ai"),
    (re.compile(r"command|embed-(english|multilingual)"), "cohere"),
)

# Modes of `model_info` that a door of this gateway serves.
SERVED_MODES = frozenset({"chat", "completion", "embedding", "responses"})

BALANCING = "deployments of one name are tried in the order of the file; weights and rate limits are not applied yet"
_RETRIES = "the gateway does not repeat a call at the same provider; it goes on to the next one of the alias"
_PRICE = "prices come from the catalogue; a price of your own is not applied yet"
_AWS = "AWS credentials come from where AWS's own tools look: variables, a profile, the machine's role"
_AZURE_AD = "Azure is called with an API key; Entra ID tokens are not supported yet"
_COOLING = "there is no cooling down of deployments yet: every call tries the alias's members in order"
_SHARED = "a process keeps no state in Redis"
_DATABASE = "there is no database: what LiteLLM keeps there (keys, teams, spend, models) is not in this file"
_LOGGING = "there are no callbacks: `openclaw serve --log json` writes a line for every call"
_LOG_LEVEL = "`openclaw serve --log` chooses between text, json and off"
_CACHING = "answers are not cached here; a provider's own prompt cache is used as the call asks for it"
_BUDGETS = "budgets are not declared in the file yet"
_TIMEOUTS = "timeouts hold for all providers: see 'timeouts'"
_WINDOWS = "limits of models are not checked beforehand yet"
_NO_CALL_DEFAULTS = "default parameters are not added to calls: callers send them"
_ALERTS = "there are no alerts"
_IDENTITY = "callers are known by the keys under 'keys' only"
_LIMITS = "requests in parallel are not limited yet"
_CONTENT_FALLBACK = "an alias has one list of fallbacks for every reason; add these models to it if you want them"
_DEGRADED = (
    "always so here: what a provider cannot take is left out and named in the answer's x-openclaw-degraded header"
)

PARAMETERS: Mapping[str, str] = {
    **dict.fromkeys(("rpm", "tpm", "weight", "order"), BALANCING),
    **dict.fromkeys(("max_parallel_requests",), _LIMITS),
    **dict.fromkeys(("max_retries", "num_retries"), _RETRIES),
    **dict.fromkeys(("timeout", "stream_timeout", "request_timeout"), _TIMEOUTS),
    **dict.fromkeys(
        (
            "input_cost_per_token", "output_cost_per_token", "input_cost_per_second", "output_cost_per_second",
            "cache_read_input_token_cost", "cache_creation_input_token_cost", "input_cost_per_pixel",
        ),
        _PRICE,
    ),
    **dict.fromkeys(
        (
            "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_session_name", "aws_profile_name",
            "aws_role_name", "aws_web_identity_token", "aws_sts_endpoint", "aws_external_id",
        ),
        _AWS,
    ),
    "aws_bedrock_runtime_endpoint": "write it as the provider's base_url",
    "vertex_credentials": "Google credentials are the machine's: point GOOGLE_APPLICATION_CREDENTIALS at the file",
    **dict.fromkeys(
        (
            "azure_ad_token", "azure_ad_token_provider", "tenant_id", "client_id", "client_secret", "azure_username",
            "azure_password", "azure_scope",
        ),
        _AZURE_AD,
    ),
    **dict.fromkeys(("drop_params", "additional_drop_params"), _DEGRADED),
    "tags": "routing by tags is not supported",
    "max_budget": _BUDGETS,
    "budget_duration": _BUDGETS,
    "mock_response": "`openclaw sim` runs simulated providers",
    "litellm_system_prompt": _NO_CALL_DEFAULTS,
    **dict.fromkeys(
        (
            "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "n", "user", "stream",
            "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "response_format",
            "tools", "tool_choice", "reasoning_effort", "thinking", "extra_body", "metadata", "top_k", "modalities",
            "keep_alive", "num_ctx", "parallel_tool_calls", "service_tier", "verbosity", "dimensions",
        ),
        _NO_CALL_DEFAULTS,
    ),
    "use_in_pass_through": "there are no pass-through endpoints",
    "configurable_clientside_auth_params": "callers cannot bring a provider's key",
}  # fmt: skip

MODEL_INFO: Mapping[str, str] = {
    "id": "a deployment needs no id: it is named by its provider and model",
    "base_model": "prices and limits are those of the model's own name; a deployment's other name has none yet",
    **dict.fromkeys(("input_cost_per_token", "output_cost_per_token"), _PRICE),
    **dict.fromkeys(("access_groups", "team_id"), "a key's 'models' says what it may ask for"),
    "supported_environments": "keep one file for each environment",
}
MODEL_INFO_OTHER = "facts about models come from the catalogue"

ROUTER: Mapping[str, str] = {
    **dict.fromkeys(("routing_strategy", "routing_strategy_args"), BALANCING),
    **dict.fromkeys(
        ("num_retries", "retry_after", "retry_policy", "model_group_retry_policy", "max_fallbacks"), _RETRIES
    ),
    **dict.fromkeys(("allowed_fails", "allowed_fails_policy", "cooldown_time", "disable_cooldowns"), _COOLING),
    **dict.fromkeys(("context_window_fallbacks", "content_policy_fallbacks"), _CONTENT_FALLBACK),
    **dict.fromkeys(("enable_pre_call_check", "enable_pre_call_checks"), _WINDOWS),
    **dict.fromkeys(("redis_host", "redis_port", "redis_password", "redis_url", "redis_db", "cache_kwargs"), _SHARED),
    **dict.fromkeys(("enable_tag_filtering", "tag_filtering_match_any"), "routing by tags is not supported"),
    **dict.fromkeys(("set_verbose", "debug_level"), _LOG_LEVEL),
    **dict.fromkeys(("cache_responses", "caching_groups"), _CACHING),
    "default_max_parallel_requests": _LIMITS,
    "default_litellm_params": _NO_CALL_DEFAULTS,
    "provider_budget_config": _BUDGETS,
}  # fmt: skip

LITELLM: Mapping[str, str] = {
    **ROUTER,
    **dict.fromkeys(("drop_params", "modify_params"), _DEGRADED),
    **dict.fromkeys(
        (
            "callbacks", "success_callback", "failure_callback", "service_callbacks", "langfuse_default_tags",
            "turn_off_message_logging", "redact_user_api_key_info",
        ),
        _LOGGING,
    ),
    **dict.fromkeys(("cache", "cache_params", "enable_caching_on_provider_specific_optional_params"), _CACHING),
    **dict.fromkeys(("set_verbose", "json_logs"), _LOG_LEVEL),
    **dict.fromkeys(("max_budget", "budget_duration", "max_internal_user_budget"), _BUDGETS),
    "guardrails": "there are no guardrails yet",
    "mcp_aliases": "MCP servers are not served",
}  # fmt: skip

GENERAL: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "database_url", "database_connection_pool_limit", "database_connection_timeout", "store_model_in_db",
            "allow_requests_on_db_unavailable", "disable_spend_logs", "disable_spend_updates", "proxy_batch_write_at",
            "store_prompts_in_spend_logs", "maximum_spend_logs_retention_period",
        ),
        _DATABASE,
    ),
    **dict.fromkeys(
        ("alerting", "alerting_threshold", "alert_types", "alert_to_webhook_url", "alerting_args"), _ALERTS
    ),
    **dict.fromkeys(
        (
            "custom_auth", "enable_jwt_auth", "litellm_jwtauth", "enable_oauth2_auth", "enable_oauth2_proxy_auth",
            "key_management_system", "key_management_settings", "custom_key_generate",
        ),
        _IDENTITY,
    ),
    **dict.fromkeys(("max_parallel_requests", "global_max_parallel_requests"), _LIMITS),
    **dict.fromkeys(("background_health_checks", "health_check_interval"), _COOLING),
    **dict.fromkeys(("completion_model", "embedding_model"), "a call names its model: a name of your own is an alias"),
    "max_request_size_mb": "the bound is limits.body_bytes_max, in bytes",
    "forward_client_headers_to_llm_api": "headers travel to a provider that speaks the caller's dialect",
    "pass_through_endpoints": "there are no pass-through endpoints",
    "litellm_license": "nothing here needs a licence key",
}  # fmt: skip

SECTIONS: Mapping[str, str] = {
    "callback_settings": _LOGGING,
    "guardrails": "there are no guardrails yet",
    "mcp_servers": "MCP servers are not served",
    "mcp_tools": "MCP servers are not served",
    "vector_store_registry": "there are no vector stores",
    "search_tools": "there are no search tools",
    "prompts": "there are no stored prompts",
    "assistant_settings": "the Assistants API is not served",
    "files_settings": "the Files API is not served",
    "finetune_settings": "fine-tuning is not served",
    "include": "import each of these files too, and put the parts into one",
}

OTHER = "not known to this importer"
