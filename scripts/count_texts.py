"""Count texts by vocabularies, for `scripts/fit_tokens.py DIR TEXTS`.

    python scripts/count_texts.py GEMMA_3 LLAMA_3 TEXTS... > counted.jsonl

GEMMA_3 and LLAMA_3 are `tokenizer.json` files of those models. Each of TEXTS is a file of JSON lines `{"text": ...}`.
It needs bpe-openai (OpenAI's vocabularies), tokenizers (the two files) and ctok (Claude's counts, reconstructed). None
is a dependency of this project.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import bpe_openai
import ctok
import msgspec
from tokenizers import Tokenizer


def vocabularies(gemma: str, llama: str) -> Mapping[str, Callable[[str], int]]:
    o200k, cl100k = bpe_openai.get_encoding("o200k_base"), bpe_openai.get_encoding("cl100k_base")
    gemma_3, llama_3 = Tokenizer.from_file(gemma), Tokenizer.from_file(llama)
    return {
        "O200K": lambda text: len(o200k.encode(text)),
        "CL100K": lambda text: len(cl100k.encode(text)),
        # Without what a single message has around it.
        "CLAUDE": lambda text: ctok.token_count(text) - 7,
        "CLAUDE_4_7": lambda text: ctok.token_count(text, "4.8") - 6,
        "GEMMA_3": lambda text: len(gemma_3.encode(text, add_special_tokens=False).ids),
        "LLAMA_3": lambda text: len(llama_3.encode(text, add_special_tokens=False).ids),
    }


def texts(paths: list[str]) -> Iterator[str]:
    for path in paths:
        with Path(path).open(encoding="utf-8") as lines:
            yield from (msgspec.json.decode(line)["text"] for line in lines)


def main() -> None:
    count = vocabularies(sys.argv[1], sys.argv[2])
    for text in texts(sys.argv[3:]):
        tokens = {name: tokens_of(text) for name, tokens_of in count.items()}
        sys.stdout.buffer.write(msgspec.json.encode({"text": text, "tokens": tokens}) + b"\n")


if __name__ == "__main__":
    main()
