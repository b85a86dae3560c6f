#!/bin/sh
# Agents and client libraries, as people install them, run tasks through the gateway (tests/agents). Installs pinned versions
# once (about 3 GB) into .cache/agents, or into OPENCLAW_AGENTS_CACHE: one environment for what agrees, one of its own for what
# does not, and a folder of npm packages with the Node that they need. The first arguments that are clients' names choose
# clients (all without any); the rest goes to pytest.
#     sh scripts/test-agents.sh
#     sh scripts/test-agents.sh claude-code aider -k messages
set -eu
cd "$(dirname "$0")/.."
cache=${OPENCLAW_AGENTS_CACHE:-$PWD/.cache/agents}
export OPENCLAW_AGENTS_CACHE="$cache"
mkdir -p "$cache"

# client -> where it lives, and what is installed there. Packages that live together are pinned to versions that agree.
libraries="openai-agents==0.24.0 pydantic-ai-slim[openai,anthropic,google]==2.68.0 langchain==1.5.2 langgraph==1.2.24
    langchain-openai==1.7.4 langchain-anthropic==1.7.10 langchain-google-genai==4.4.2"
vercel="ai@7.0.173 @ai-sdk/openai@4.0.118 @ai-sdk/openai-compatible@3.0.92 @ai-sdk/anthropic@4.0.105 @ai-sdk/google@4.0.121 zod@4.6.7"
place_of() {
    case $1 in
    openai-agents | pydantic-ai | langchain) echo libraries ;;
    instructor | aider) echo "$1" ;;
    codex | claude-code | gemini-cli | opencode | qwen-code | vercel-ai) echo npm/"$1" ;;
    *) return 1 ;;
    esac
}
packages_of() {
    case $1 in
    libraries) echo "$libraries" ;;
    instructor) echo "instructor[anthropic,google-genai]==1.17.0" ;;
    aider) echo "aider-chat==0.86.2" ;;
    npm/codex) echo "@openai/codex@0.169.0" ;;
    npm/claude-code) echo "@anthropic-ai/claude-code@2.1.331" ;;
    npm/gemini-cli) echo "@google/gemini-cli@0.61.0" ;;
    npm/opencode) echo "opencode-ai@1.18.33" ;;
    npm/qwen-code) echo "@qwen-code/qwen-code@0.24.4" ;;
    npm/vercel-ai) echo "$vercel" ;;
    npm/node) echo "node@22.23.3" ;;
    esac
}
install() {
    folder=$1 packages=$(packages_of "$1")
    [ "$(cat "$cache/$folder/.installed" 2>/dev/null)" = "$packages" ] && return
    echo "installing $packages"
    case $folder in
    npm/*)
        mkdir -p "$cache/$folder"
        # shellcheck disable=SC2086  # a list of packages
        npm install --silent --no-audit --no-fund --prefix "$cache/$folder" $packages
        ;;
    *)
        [ -x "$cache/$folder/bin/python" ] || "${PYTHON:-python3}" -m venv "$cache/$folder"
        # shellcheck disable=SC2086
        "$cache/$folder/bin/pip" install -q --disable-pip-version-check $packages
        ;;
    esac
    echo "$packages" >"$cache/$folder/.installed"
}

clients=
while [ $# -gt 0 ] && place_of "$1" >/dev/null; do
    clients="$clients $1"
    shift
done
[ -n "$clients" ] || clients="openai-agents pydantic-ai langchain instructor vercel-ai aider codex claude-code gemini-cli opencode qwen-code"
for client in $clients; do
    place=$(place_of "$client")
    case $place in npm/*) install npm/node ;; esac  # several of them need Node 22 or newer
    install "$place"
done
[ -n "${OPENCLAW_AGENTS_INSTALL_ONLY:-}" ] && exit
sh scripts/setup.sh dev
OPENCLAW_AGENTS=$clients exec .venv/bin/pytest --override-ini addopts="-ra --strict-markers" tests/agents "$@"
