"""Tokens of each kind of piece (`token_text.KINDS`), by vocabulary, as `scripts/fit_tokens.py` prints them."""

from collections.abc import Mapping

TextRates = Mapping[str, float]

O200K: TextRates = {
    "word": 0.972, "word_4": 0.216, "word_7": 0.047, "inner": 0.634, "inner_4": 0.554, "inner_7": 0, "title": 1.08,
    "title_4": 0.102, "title_7": 0.141, "inner_title": 0.998, "inner_title_4": 0.334, "inner_title_7": 0.113,
    "caps": 1.04, "caps_4": 0, "caps_7": 0.032, "inner_caps": 1.02, "inner_caps_4": 0, "inner_caps_7": 0.419,
    "common": 1.05, "common_inner": 0.625, "common_title": 0.997, "known": 1.01, "known_inner": 0.785,
    "known_title": 1.03, "mixed": 0, "mixed_letter": 0.627, "mixed_digit": 0.256, "mixed_part": 0.828,
    "number": 0.566, "number_3": 0.576, "digit": 0.146, "space_number": 0.72, "line": 0.928, "blank_line": 0.041,
    "line_space": 0.518, "indent": 0.28, "indent_more": 0.002, "tab": 1.45, "space": 0.676, "mark": 0.943,
    "inner_mark": 0.67, "mark_2": 0.363, "mark_more": 0.309, "mark_same": 0.016, "other": 1.22, "other_more": 0.5,
    "sign": 0.691, "sign_more": 0.5, "accent": 0, "accent_more": 0, "combining": 0.5, "combining_more": 0.5,
    "greek": 0.08, "greek_more": 0.454, "cyrillic": 1.45, "cyrillic_more": 0.069, "hebrew": 0.725,
    "hebrew_more": 0.388, "arabic": 0.185, "arabic_more": 0.41, "indic": 0, "indic_more": 0.294, "thai": 1.2,
    "thai_more": 0.299, "hiragana": 0.975, "hiragana_more": 0.428, "katakana": 0.812, "katakana_more": 0.545,
    "han": 0, "han_more": 1.06, "hangul": 1.08, "hangul_more": 0.623, "astral": 1.11, "han_pair": 0.879,
}  # fmt: skip

CL100K: TextRates = {
    "word": 1.01, "word_4": 0.27, "word_7": 0.036, "inner": 0.697, "inner_4": 0.575, "inner_7": 0, "title": 1.01,
    "title_4": 0.191, "title_7": 0.219, "inner_title": 0.987, "inner_title_4": 0.449, "inner_title_7": 0.139,
    "caps": 1.07, "caps_4": 0.005, "caps_7": 0.008, "inner_caps": 0.964, "inner_caps_4": 0, "inner_caps_7": 0.415,
    "common": 1.04, "common_inner": 0.644, "common_title": 0.942, "known": 1.01, "known_inner": 0.734,
    "known_title": 1.13, "mixed": 0, "mixed_letter": 0.668, "mixed_digit": 0.244, "mixed_part": 0.819,
    "number": 0.592, "number_3": 0.583, "digit": 0.154, "space_number": 0.605, "line": 0.854, "blank_line": 0,
    "line_space": 0.684, "indent": 0.404, "indent_more": 0.002, "tab": 1.24, "space": 0.65, "mark": 0.918,
    "inner_mark": 0.64, "mark_2": 0.347, "mark_more": 0.277, "mark_same": 0.022, "other": 1.96, "other_more": 0.5,
    "sign": 0.771, "sign_more": 0.5, "accent": 0.902, "accent_more": 0, "combining": 0.5, "combining_more": 0.5,
    "greek": 1.62, "greek_more": 0.944, "cyrillic": 2.34, "cyrillic_more": 0.141, "hebrew": 1.16, "hebrew_more": 1.2,
    "arabic": 1.61, "arabic_more": 0.648, "indic": 0, "indic_more": 1.5, "thai": 2.91, "thai_more": 0.812,
    "hiragana": 0.992, "hiragana_more": 0.717, "katakana": 0.857, "katakana_more": 1.02, "han": 0, "han_more": 1.61,
    "hangul": 1.56, "hangul_more": 1.09, "astral": 1.68, "han_pair": 1.5,
}  # fmt: skip

CLAUDE: TextRates = {
    "word": 0.945, "word_4": 0.408, "word_7": 0.101, "inner": 1.12, "inner_4": 0.394, "inner_7": 0.166, "title": 1.07,
    "title_4": 0.25, "title_7": 0.486, "inner_title": 1.33, "inner_title_4": 0.499, "inner_title_7": 0.335,
    "caps": 1.01, "caps_4": 0.25, "caps_7": 0, "inner_caps": 1.56, "inner_caps_4": 0.214, "inner_caps_7": 0.199,
    "common": 0.966, "common_inner": 1.01, "common_title": 1.14, "known": 1.03, "known_inner": 1.08,
    "known_title": 1.49, "mixed": 0, "mixed_letter": 0.85, "mixed_digit": 0.135, "mixed_part": 0.903, "number": 0.553,
    "number_3": 0.479, "digit": 0.109, "space_number": 1.13, "line": 1.03, "blank_line": 0, "line_space": 0.298,
    "indent": 0.816, "indent_more": 0.051, "tab": 1.58, "space": 0.923, "mark": 1.17, "inner_mark": 0.9, "mark_2": 0,
    "mark_more": 0.444, "mark_same": 0.002, "other": 2.39, "other_more": 0.5, "sign": 0.897, "sign_more": 0.5,
    "accent": 0.477, "accent_more": 0.722, "combining": 0.5, "combining_more": 0.5, "greek": 2.26,
    "greek_more": 0.476, "cyrillic": 1.17, "cyrillic_more": 0.279, "hebrew": 1.57, "hebrew_more": 0.614,
    "arabic": 0.759, "arabic_more": 0.84, "indic": 0, "indic_more": 0.898, "thai": 1.77, "thai_more": 0.917,
    "hiragana": 0.591, "hiragana_more": 0.516, "katakana": 1.54, "katakana_more": 0.751, "han": 0.293,
    "han_more": 1.22, "hangul": 1.3, "hangul_more": 1.3, "astral": 2.57, "han_pair": 1.93,
}  # fmt: skip

CLAUDE_4_7: TextRates = {
    "word": 0.905, "word_4": 0.698, "word_7": 0.268, "inner": 1.54, "inner_4": 0.61, "inner_7": 0.243, "title": 1.87,
    "title_4": 0.433, "title_7": 0.576, "inner_title": 1.81, "inner_title_4": 0.839, "inner_title_7": 0.21,
    "caps": 2.23, "caps_4": 1.02, "caps_7": 0.556, "inner_caps": 2.2, "inner_caps_4": 0.939, "inner_caps_7": 0.808,
    "common": 0.915, "common_inner": 1.02, "common_title": 1.87, "known": 2.38, "known_inner": 2.41,
    "known_title": 3.58, "mixed": 0, "mixed_letter": 0.97, "mixed_digit": 0.176, "mixed_part": 0.827, "number": 0.115,
    "number_3": 0.934, "digit": 0, "space_number": 1.28, "line": 1.12, "blank_line": 0.009, "line_space": 0.948,
    "indent": 0.601, "indent_more": 0.053, "tab": 1.19, "space": 0.923, "mark": 1.2, "inner_mark": 0.891,
    "mark_2": 0.258, "mark_more": 0.799, "mark_same": 0.06, "other": 2.13, "other_more": 0.5, "sign": 0.949,
    "sign_more": 0.5, "accent": 0.335, "accent_more": 0.438, "combining": 0.5, "combining_more": 0.5, "greek": 1.53,
    "greek_more": 0.629, "cyrillic": 1.15, "cyrillic_more": 0.288, "hebrew": 1.6, "hebrew_more": 0.606, "arabic": 0.7,
    "arabic_more": 0.861, "indic": 0, "indic_more": 0.904, "thai": 1.55, "thai_more": 0.932, "hiragana": 0.644,
    "hiragana_more": 0.539, "katakana": 1.26, "katakana_more": 0.772, "han": 0.182, "han_more": 1.22, "hangul": 1.36,
    "hangul_more": 1.25, "astral": 2.86, "han_pair": 1.92,
}  # fmt: skip

GEMMA_3: TextRates = {
    "word": 0.963, "word_4": 0.167, "word_7": 0.006, "inner": 0.937, "inner_4": 0.396, "inner_7": 0.059,
    "title": 0.939, "title_4": 0.094, "title_7": 0.157, "inner_title": 0.997, "inner_title_4": 0.271,
    "inner_title_7": 0.158, "caps": 0.924, "caps_4": 0, "caps_7": 0.088, "inner_caps": 1.17, "inner_caps_4": 0.005,
    "inner_caps_7": 0.496, "common": 1.03, "common_inner": 0.896, "common_title": 0.948, "known": 0.997,
    "known_inner": 1, "known_title": 0.993, "mixed": 0, "mixed_letter": 0.583, "mixed_digit": 0.999,
    "mixed_part": 0.267, "number": 0.077, "number_3": 0, "digit": 0.992, "space_number": 0.925, "line": 1.14,
    "blank_line": 0.112, "line_space": 1.56, "indent": 0.813, "indent_more": 0.021, "tab": 1.82, "space": 0.622,
    "mark": 1.06, "inner_mark": 0.975, "mark_2": 0, "mark_more": 0.234, "mark_same": 0.05, "other": 1.08,
    "other_more": 0.5, "sign": 1.05, "sign_more": 0.5, "accent": 0, "accent_more": 0, "combining": 0.5,
    "combining_more": 0.5, "greek": 0, "greek_more": 0.49, "cyrillic": 1.53, "cyrillic_more": 0.032, "hebrew": 0.815,
    "hebrew_more": 0.45, "arabic": 0, "arabic_more": 0.483, "indic": 0, "indic_more": 0.225, "thai": 0.598,
    "thai_more": 0.27, "hiragana": 0.505, "hiragana_more": 0.219, "katakana": 0.497, "katakana_more": 0.326, "han": 0,
    "han_more": 0.793, "hangul": 0.942, "hangul_more": 0.641, "astral": 0.62, "han_pair": 0.912,
}  # fmt: skip

LLAMA_3: TextRates = {
    "word": 1.02, "word_4": 0.308, "word_7": 0.045, "inner": 0.681, "inner_4": 0.603, "inner_7": 0, "title": 1.01,
    "title_4": 0.217, "title_7": 0.203, "inner_title": 1.01, "inner_title_4": 0.486, "inner_title_7": 0.117,
    "caps": 1.03, "caps_4": 0, "caps_7": 0.045, "inner_caps": 1.05, "inner_caps_4": 0, "inner_caps_7": 0.399,
    "common": 1.02, "common_inner": 0.651, "common_title": 0.943, "known": 1.01, "known_inner": 0.738,
    "known_title": 1.12, "mixed": 0, "mixed_letter": 0.664, "mixed_digit": 0.248, "mixed_part": 0.818,
    "number": 0.638, "number_3": 0.479, "digit": 0.183, "space_number": 0.646, "line": 0.881, "blank_line": 0,
    "line_space": 0.774, "indent": 0.375, "indent_more": 0.002, "tab": 1.39, "space": 0.63, "mark": 0.921,
    "inner_mark": 0.626, "mark_2": 0.358, "mark_more": 0.276, "mark_same": 0.012, "other": 1.71, "other_more": 0.5,
    "sign": 0.846, "sign_more": 0.5, "accent": 0.312, "accent_more": 0, "combining": 0.5, "combining_more": 0.5,
    "greek": 0.375, "greek_more": 0.427, "cyrillic": 1.74, "cyrillic_more": 0.079, "hebrew": 1.15, "hebrew_more": 1.2,
    "arabic": 0, "arabic_more": 0.579, "indic": 0, "indic_more": 0.644, "thai": 1.44, "thai_more": 0.427,
    "hiragana": 0.509, "hiragana_more": 0.57, "katakana": 0.513, "katakana_more": 0.615, "han": 0, "han_more": 0.999,
    "hangul": 0.93, "hangul_more": 0.735, "astral": 1.86, "han_pair": 1.18,
}  # fmt: skip
