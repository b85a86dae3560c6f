"""What a call costs besides its text, by family of models. See docs/decisions/0011-counting-tokens.md."""

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from openclaw.catalog.media_tokens import Media
from openclaw.catalog.text_rates import CL100K, CLAUDE, CLAUDE_4_7, GEMMA_3, LLAMA_3, O200K, TextRates


class Rates(Struct, frozen=True, kw_only=True):
    """Tokens of one of each: of every call (`base`), `message`, `assistant` message (beside that), `instructions`; of
    `thinking` asked for, an `output_schema`, a tool `call`, its `result`, a `tool`; and once where there are tools:
    `tools`, or `tools_forced` where one must be called, and `tools_chat` more in Chat Completions.

    `text` has the rates of pieces of text. Other text counts as so many times that: a tool's `definition` (written as
    `tools_as`), the `argument`s of a call, the `schema` of the answer, a `thought` that is given
    back; `hidden` is for each character of an encrypted one, `signature` for one of Gemini's.
    """

    text: TextRates
    base: float
    message: float
    assistant: float = 0
    instructions: float = 0
    thinking: float = 0
    tools_as: Literal["json", "typescript"] = "json"
    tools: float = 0
    tools_forced: float = 0
    tools_chat: float = 0
    tool: float = 0
    definition: float = 1
    call: float = 0
    argument: float = 1
    result: float = 0
    output_schema: float = 0
    schema: float = 1
    thought: float = 0
    hidden: float = 0
    signature: float = 0
    media: Media


def rates_of(model: str) -> Rates:
    """By the model's name; one of no known family counts as the last of the table does."""
    return RATES[family_of(model)]


def family_of(model: str) -> str:
    name = model.lower()
    return next((family for pattern, family in _FAMILIES if pattern.search(name)), "other")


# The first that is found in a model's name, however a reseller writes it.
_FAMILIES = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (r"claude-3-opus", "claude-3-opus"),
        (r"claude-3-sonnet", "claude-3-sonnet"),
        (r"claude-3-(5-)?haiku|claude-3\.5-haiku", "claude-3-haiku"),
        (r"claude-3[.-]5-sonnet", "claude-3.5-sonnet"),
        (r"claude-3[.-]7|claude-(opus|sonnet)-4([.-][01])?(-?20\d{6}.*)?$", "claude-4"),
        (r"claude-opus-(4[.-][789]|5)", "claude-opus-4.7"),
        (r"claude-[a-z]+-([5-9]|4[.-][789])(?!\d)", "claude-5"),
        (r"claude", "claude-4.5"),
        (r"gemini-(1|2\.0)", "gemini-2.0"),
        (r"gemini-2|gemma", "gemini-2.5"),
        (r"gemini", "gemini-3"),
        (r"gpt-oss", "gpt-oss"),
        (r"gpt-3|gpt-4(?![.o\d])", "gpt-4"),
        (r"gpt-4o-mini", "gpt-4o-mini"),
        (r"gpt-4\.1-mini", "gpt-4.1-mini"),
        (r"gpt-4\.1-nano", "gpt-4.1-nano"),
        (r"gpt-4|chatgpt|gpt-audio|gpt-realtime", "gpt-4o"),
        (r"gpt-5.*-mini", "gpt-5-mini"),
        (r"gpt-5.*-nano", "gpt-5-nano"),
        (r"gpt", "gpt-5"),
        (r"\bo4-mini", "o4-mini"),
        (r"\bo\d(?![a-z\d])|codex|computer-use", "o3"),
        (r"llama", "llama"),
        (r"qwen|qwq", "qwen"),
        (r"deepseek", "deepseek"),
        (r"mistral|mixtral|ministral|magistral|codestral|devstral|pixtral|voxtral", "mistral"),
        (r"grok", "grok"),
        (r"nova", "nova"),
    )
)

# --- images, pages, sound: vendors' rules, with their sources in `media_tokens.py`

_CLAUDE_MEDIA = Media(rule="claude", image=1372, page=2000, unit=1568)
_CLAUDE_4_7_MEDIA = replace(_CLAUDE_MEDIA, unit=4784)
_GEMINI_2_MEDIA = Media(rule="gemini", image=1290, page=258, audio_s=25, video_s=283)
_GEMINI_2_5_MEDIA = replace(_GEMINI_2_MEDIA, rule="flat", image=258)
_GEMINI_3_MEDIA = replace(_GEMINI_2_MEDIA, rule="flat", image=1120, page=560, video_s=95)
_GPT_4O_MEDIA = Media(rule="tiles", image=765, page=600, base=85, unit=170, audio_s=10)
_GPT_4O_MINI_MEDIA = replace(_GPT_4O_MEDIA, image=25501, base=2833, unit=5667)
_GPT_5_MEDIA = replace(_GPT_4O_MEDIA, image=630, base=70, unit=140)
_O3_MEDIA = replace(_GPT_4O_MEDIA, image=675, base=75, unit=150)
_MINI_MEDIA = replace(_GPT_4O_MEDIA, rule="patches", image=1659, unit=1.62)
_NANO_MEDIA = replace(_GPT_4O_MEDIA, rule="patches", image=2520, unit=2.46)
_O4_MINI_MEDIA = replace(_GPT_4O_MEDIA, rule="patches", image=1762, unit=1.72)
_OTHER_MEDIA = Media(rule="flat", image=1000, page=1000, audio_s=12, video_s=300)

# --- frames. Recorded counts less what the vocabulary gives for the text leave whole numbers for `base`, `message`,
# `assistant` and Claude's `thinking`; those stand here. The others are fitted by scripts/fit_tokens.py, rounded.

_CLAUDE_4 = Rates(
    text=CLAUDE, base=4, message=3, thinking=29, tools=303, tools_forced=297, tool=9.5, definition=1.07,
    call=34, argument=1.16, result=32, output_schema=101, schema=1.55, media=_CLAUDE_MEDIA,
)  # fmt: skip
_CLAUDE_4_5 = replace(_CLAUDE_4, tools=494, tools_forced=590, tool=7.5)
# No call that must use a tool is recorded for these: as much more as for 4.5.
_CLAUDE_5 = replace(
    _CLAUDE_4, text=CLAUDE_4_7, message=2, thinking=0, tools=294, tools_forced=390, tool=8, definition=1.35,
    call=26, argument=1.2, result=24, media=_CLAUDE_4_7_MEDIA,
)  # fmt: skip
# The Gemini API counts a token for each message from 2.5 on; Vertex AI counts none for the same request and model.
_GEMINI_2_5 = Rates(
    text=GEMMA_3, base=0, message=1, instructions=0.6, tools_forced=1.7, tool=2.7, definition=0.88,
    call=9.6, argument=1.16, result=7.6, schema=0, media=_GEMINI_2_5_MEDIA,
)  # fmt: skip
_GPT_4O = Rates(
    text=O200K, base=3, message=4, instructions=4, tools_as="typescript", tools=7.3, tools_forced=11.5, tools_chat=3.9,
    definition=1.01, call=3, argument=1.5, result=1.1, output_schema=2.6, schema=0.92, media=_GPT_4O_MEDIA,
)  # fmt: skip
_GPT_5 = replace(
    _GPT_4O, base=2, assistant=2, tools=12.2, tools_forced=11.8, tools_chat=81, tool=3, definition=0.89,
    call=8, argument=1.07, result=6, output_schema=0.5, schema=0.83, hidden=0.136, media=_GPT_5_MEDIA,
)  # fmt: skip
_OTHER = Rates(
    text=LLAMA_3, base=5, message=4, tools=60, tools_forced=60, tool=8, definition=1.2, call=12, result=10,
    schema=0.3, media=_OTHER_MEDIA,
)  # fmt: skip

RATES: Mapping[str, Rates] = {
    # Anthropic's own figures for its tool prompt, where it gives them:
    # https://docs.anthropic.com/en/docs/tool-use-pricing-and-tokens
    "claude-3-opus": replace(_CLAUDE_4, tools=530, tools_forced=281),
    "claude-3-sonnet": replace(_CLAUDE_4, tools=159, tools_forced=235),
    "claude-3-haiku": replace(_CLAUDE_4, tools=264, tools_forced=340),
    "claude-3.5-sonnet": replace(_CLAUDE_4, tools=294, tools_forced=261),
    "claude-4": _CLAUDE_4,
    "claude-4.5": _CLAUDE_4_5,
    "claude-opus-4.7": replace(_CLAUDE_5, tools=255, tools_forced=351),
    "claude-5": _CLAUDE_5,
    "gemini-2.0": replace(
        _GEMINI_2_5,
        message=0,
        instructions=0,
        tools_forced=0,
        tool=0,
        definition=0.4,
        call=0,
        argument=0.6,
        result=0,
        media=_GEMINI_2_MEDIA,
    ),
    "gemini-2.5": _GEMINI_2_5,
    "gemini-3": replace(
        _GEMINI_2_5,
        message=1,
        instructions=1,
        tools_forced=7,
        tool=0,
        definition=1.02,
        call=7,
        argument=2,
        result=5,
        signature=0.21,
        media=_GEMINI_3_MEDIA,
    ),
    "gpt-oss": replace(
        _GPT_4O,
        base=67,
        message=0,
        tools=9,
        tools_forced=28,
        tools_chat=16,
        tool=8,
        definition=0.86,
        call=17,
        argument=0.88,
        result=15,
        output_schema=66,
        schema=1.17,
        media=_OTHER_MEDIA,
    ),
    "gpt-4": replace(
        _GPT_4O, text=CL100K, tools=4.5, tools_forced=8.8, tools_chat=0, tool=8, definition=1.04, argument=0.94
    ),
    "gpt-4o-mini": replace(_GPT_4O, media=_GPT_4O_MINI_MEDIA),
    "gpt-4.1-mini": replace(_GPT_4O, media=_MINI_MEDIA),
    "gpt-4.1-nano": replace(_GPT_4O, media=_NANO_MEDIA),
    "gpt-4o": _GPT_4O,
    "gpt-5-mini": replace(_GPT_5, media=_MINI_MEDIA),
    "gpt-5-nano": replace(_GPT_5, media=_NANO_MEDIA),
    "gpt-5": _GPT_5,
    "o4-mini": replace(_GPT_5, media=_O4_MINI_MEDIA),
    "o3": replace(_GPT_5, media=_O3_MEDIA),
    "llama": replace(_OTHER, base=30, message=5),
    "qwen": replace(
        _OTHER, base=5, message=3.5, tools=47, tools_forced=65, definition=1.5, call=22, argument=1.3, result=20
    ),
    "deepseek": replace(_OTHER, base=3, message=1, tools=250, tools_forced=250, tool=6, definition=1),
    "mistral": replace(
        _OTHER,
        base=3,
        message=1.5,
        assistant=11,
        tools=0,
        tools_forced=0,
        tool=6,
        definition=1.5,
        call=0,
        argument=1.2,
        result=0,
        thought=1.1,
        schema=0,
    ),
    "grok": replace(
        _OTHER,
        base=0,
        message=0,
        assistant=12,
        instructions=80,
        tools=149,
        tools_forced=149,
        definition=1,
        call=7,
        result=5,
        output_schema=40,
        schema=1.1,
        thought=3.5,
        hidden=0.43,
        media=replace(_OTHER_MEDIA, image=256),
    ),
    "nova": replace(_OTHER, base=0, message=0, tools=400, tools_forced=400, definition=3, call=20, result=18),
    "other": _OTHER,
}
