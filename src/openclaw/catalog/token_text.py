"""A text's pieces, as tokenizers cut it before they look anything up, and what of each piece tells its tokens.

Every tokenizer cuts at the same places, near enough: a word with the space before it, a number, a run of punctuation,
white space up to the end of the line, a run of one script. How many tokens a piece is follows from its kind and length;
the rates differ by vocabulary and are in `token_rates.py`.
"""

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping

from openclaw.catalog.words import COMMON, HAN_PAIRS, KNOWN

# The order decides, and the most frequent come first. Without groups, so that `findall` gives strings and `Counter`
# counts them at C speed. No alternative reads far before it fails: the time is linear in the text.
_PIECE = re.compile(
    r" ?[A-Z]?[a-z]++(?![0-9])"
    r"| ?[!-/:-@\[-`{-~]+"
    r"| ?(?:[A-Za-z]{1,32}[0-9]|[0-9]{1,32}[A-Za-z])[A-Za-z0-9]*"
    r"| ?[A-Z]+(?![a-z])"
    r"| ?[0-9]+"
    r"|\s*\n"
    r"|[^\S\n]+(?!\S)"
    r"|[\u00c0-\u024f\u1e00-\u1eff]+"
    r"| ?[\u0370-\u03ff\u1f00-\u1fff]+"
    r"| ?[\u0400-\u052f]+"
    r"| ?[\u0590-\u05ff]+"
    r"| ?[\u0600-\u06ff]+"
    r"|[\u0300-\u036f]+"
    r"|[\u0900-\u0dff]+"
    r"|[\u0e00-\u0eff]+"
    r"|[\u3040-\u309f]+"
    r"|[\u30a0-\u30ff]+"
    r"|[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
    r"| ?[\uac00-\ud7af]+"
    r"|.",
    re.DOTALL,
)

# By the first code point after each number.
_SCRIPTS = (
    (0xA0, "other"), (0xC0, "sign"), (0x250, "accent"), (0x300, "other"), (0x370, "combining"), (0x400, "greek"),
    (0x530, "cyrillic"), (0x590, "other"), (0x600, "hebrew"), (0x700, "arabic"), (0x900, "other"), (0xE00, "indic"),
    (0xF00, "thai"), (0x1E00, "other"), (0x1F00, "accent"), (0x2000, "greek"), (0x2070, "sign"), (0x3000, "other"),
    (0x3040, "sign"), (0x30A0, "hiragana"), (0x3100, "katakana"), (0x3400, "other"), (0xA000, "han"), (0xAC00,
    "other"), (0xD7B0, "hangul"), (0xF900, "other"), (0xFB00, "han"), (0xFF00, "other"), (0xFF66, "sign"), (0x10000,
    "other"),
)  # fmt: skip
_DIGITS = re.compile(r"[0-9]+")
# A text has many words and few shapes: letters become one letter, digits one digit.
_SHAPE = str.maketrans(string.ascii_lowercase + string.ascii_uppercase + string.digits, "a" * 26 + "A" * 26 + "0" * 10)

_CASES = "word", "inner", "title", "inner_title", "caps", "inner_caps"

KINDS = (
    *(f"{case}{end}" for case in _CASES for end in ("", "_4", "_7")),
    *(f"{tier}{case}" for tier in ("common", "known") for case in ("", "_inner", "_title")),
    "mixed", "mixed_letter", "mixed_digit", "mixed_part", "number", "number_3", "digit", "space_number",
    "line", "blank_line", "line_space", "indent", "indent_more", "tab", "space",
    "mark", "inner_mark", "mark_2", "mark_more", "mark_same",
    *(f"{script}{end}" for script in dict.fromkeys(name for _, name in _SCRIPTS) for end in ("", "_more")), "astral",
    "han_pair",
)  # fmt: skip
"""What is counted. Of ASCII letters: a `word` after a space or an `inner` one (`getUserName` has one of each case),
in small letters, `title` case or `caps`, its fourth to sixth letter (`_4`) and each later one (`_7`); apart from words
that vocabularies hold whole (`known`, or `common`). `mixed` are letters and digits in one, with the parts they fall
into; `number_3` are groups of three digits. `line` is white space that ends a line, `line_space` where there is more
before it, `indent` any other beyond one space. A `mark` is a run of punctuation, `mark_2` where it has more than one,
`mark_more` what exceeds two, `mark_same` where that repeats one character. Of other scripts a run, and `_more` for
each further character, of Chinese each that is not in a `han_pair`; `astral` are characters beyond U+FFFF, as emoji
are."""


def text_tokens(texts: Iterable[str], rates: Mapping[str, float]) -> float:
    """Together, for one vocabulary's rates by kind."""
    return sum(count * rates[kind] for kind, count in pieces_of(texts).items())


def pieces_of(texts: Iterable[str]) -> Counter[str]:
    """How much there is of each kind of `KINDS`."""
    pieces: Counter[str] = Counter()
    for text in texts:
        pieces.update(_PIECE.findall(text))
    total: Counter[str] = Counter()
    shapes: dict[str, int] = {}
    for piece, times in pieces.items():
        word = piece.strip().lower()
        if word in KNOWN and piece[-1].islower():
            total["known" + _case(piece)] += times
        elif word in COMMON and piece[-1].islower():
            total["common" + _case(piece)] += times
        else:
            shape = piece.translate(_SHAPE)
            shapes[shape] = shapes.get(shape, 0) + times
    for shape, times in shapes.items():
        for kind, amount in _features(shape):
            total[kind] += amount * times
    return total


def _case(piece: str) -> str:
    return "" if piece[0] == " " and piece[1].islower() else "_inner" if piece[0].islower() else "_title"


def _features(piece: str) -> list[tuple[str, int]]:
    spaced = piece[0] == " " and len(piece) > 1
    body = piece[1:] if spaced else piece
    if not body.isascii():
        return _of_script(body)
    if body.isalpha():
        return _of_word(body, spaced)
    if body.isdigit():
        size = len(body)
        return [("number", 1), ("number_3", -(-size // 3)), ("digit", size), ("space_number", int(spaced))]
    if body.isalnum():
        digits = _DIGITS.findall(body)
        count = sum(map(len, digits))
        return [("mixed", 1), ("mixed_digit", count), ("mixed_letter", len(body) - count), ("mixed_part", len(digits))]
    if body.isspace():
        return _of_space(body)
    return _of_marks(body, spaced)


def _of_word(word: str, spaced: bool) -> list[tuple[str, int]]:
    size = len(word)
    if word.islower():
        case = "word" if spaced else "inner"
    elif size > 1 and word[1].islower():
        case = "title" if spaced else "inner_title"
    else:
        case = "caps" if spaced else "inner_caps"
    if size > 6:
        return [(case, 1), (case + "_4", 3), (case + "_7", size - 6)]
    return [(case, 1), (case + "_4", size - 3)] if size > 3 else [(case, 1)]


def _of_space(space: str) -> list[tuple[str, int]]:
    lines = space.count("\n")
    if lines:
        return [("line", 1), ("blank_line", int(lines > 1)), ("line_space", int(len(space) > lines))]
    if "\t" in space:
        return [("tab", 1), ("indent_more", len(space) - 1)]
    return [("indent", 1), ("indent_more", len(space) - 1)] if len(space) > 1 else [("space", 1)]


def _of_marks(marks: str, spaced: bool) -> list[tuple[str, int]]:
    size = len(marks)
    first = ("mark" if spaced else "inner_mark", 1)
    if size < 3:
        return [first, ("mark_2", size - 1)]
    return [first, ("mark_2", 1), ("mark_same" if len(set(marks)) == 1 else "mark_more", size - 2)]


def _of_script(run: str) -> list[tuple[str, int]]:
    code = ord(run[0])
    script = next((name for end, name in _SCRIPTS if code < end), "astral")
    if script == "han":
        return _of_han(run)
    return [(script, 1), (script + "_more", len(run) - 1)] if len(run) > 1 else [(script, 1)]


def _of_han(run: str) -> list[tuple[str, int]]:
    """Pairs from the left, as they come, and the rest one by one."""
    place = pairs = 0
    while place < len(run):
        paired = run[place : place + 2] in HAN_PAIRS
        pairs += paired
        place += 1 + paired
    return [("han", 1), ("han_pair", pairs), ("han_more", len(run) - 2 * pairs)]
