"""Words that vocabularies hold whole.

Of four letters and more, in lower case: each is one token after a space in OpenAI's o200k and cl100k and in Claude's
first vocabulary, and so in most others. The `COMMON` of them are one in Claude's newer, smaller vocabulary too. Of a
word that is in neither the length must tell. `HAN_PAIRS` are two Chinese characters that are one token in o200k. How
they were found: docs/decisions/0011-counting-tokens.md.
"""

from importlib.resources import files

_BLOCKS = files("openclaw.catalog").joinpath("data", "words.txt").read_text(encoding="utf-8").split("\n\n")

COMMON = frozenset(_BLOCKS[0].split())
KNOWN = frozenset(_BLOCKS[1].split())
HAN_PAIRS = frozenset(_BLOCKS[2].split())
