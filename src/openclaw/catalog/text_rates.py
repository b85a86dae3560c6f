"""Tokens of each kind of piece (`token_text.KINDS`), by vocabulary, as `scripts/fit_tokens.py` prints them."""

from collections.abc import Mapping

TextRates = Mapping[str, float]

O200K: TextRates = {
    "word": 0.962, "word_4": 0.206, "word_7": 0.02, "inner": 0.663, "inner_4": 0.623, "inner_7": 0, "title": 1.116,
    "title_4": 0.14, "title_7": 0.131, "inner_title": 1.01, "inner_title_4": 0.295, "inner_title_7": 0.147,
    "caps": 0.801, "caps_4": 0.12, "caps_7": 0.177, "inner_caps": 1.181, "inner_caps_4": 0, "inner_caps_7": 0.39,
    "common": 1.066, "common_inner": 0.663, "common_title": 1.016, "known": 1.05, "known_inner": 0.805,
    "known_title": 1.024, "mixed": 0, "mixed_letter": 0.58, "mixed_digit": 0.227, "mixed_part": 0.993,
    "number": 0.727, "number_3": 0.265, "digit": 0.253, "space_number": 0.746, "line": 0.876, "blank_line": 0.134,
    "line_space": 0.479, "indent": 0.401, "indent_more": 0.002, "tab": 1.377, "space": 0.638, "mark": 0.86,
    "inner_mark": 0.597, "mark_2": 0.494, "mark_more": 0.239, "mark_same": 0.027, "other": 1.292, "other_more": 0,
    "sign": 0.69, "sign_more": 0, "accent": 0.048, "accent_more": 0, "combining": 0, "combining_more": 0,
    "greek": 0.136, "greek_more": 0.439, "cyrillic": 1.512, "cyrillic_more": 0.071, "hebrew": 0.741,
    "hebrew_more": 0.391, "arabic": 0.263, "arabic_more": 0.392, "indic": 0, "indic_more": 0.308, "thai": 0.695,
    "thai_more": 0.334, "hiragana": 1.053, "hiragana_more": 0.387, "katakana": 0.528, "katakana_more": 0.613,
    "han": 0, "han_more": 1.064, "hangul": 1.12, "hangul_more": 0.593, "astral": 1.108, "han_pair": 0.877,
}  # fmt: skip

CL100K: TextRates = {
    "word": 1.011, "word_4": 0.201, "word_7": 0.065, "inner": 0.726, "inner_4": 0.644, "inner_7": 0, "title": 1.059,
    "title_4": 0.23, "title_7": 0.224, "inner_title": 0.991, "inner_title_4": 0.419, "inner_title_7": 0.178,
    "caps": 0.882, "caps_4": 0.106, "caps_7": 0.11, "inner_caps": 1.057, "inner_caps_4": 0, "inner_caps_7": 0.434,
    "common": 1.048, "common_inner": 0.695, "common_title": 0.935, "known": 1.052, "known_inner": 0.772,
    "known_title": 1.143, "mixed": 0, "mixed_letter": 0.627, "mixed_digit": 0.232, "mixed_part": 0.931,
    "number": 0.757, "number_3": 0.371, "digit": 0.219, "space_number": 0.598, "line": 0.861, "blank_line": 0,
    "line_space": 0.813, "indent": 0.466, "indent_more": 0.002, "tab": 1.185, "space": 0.663, "mark": 0.851,
    "inner_mark": 0.551, "mark_2": 0.441, "mark_more": 0.244, "mark_same": 0.023, "other": 2.001, "other_more": 0,
    "sign": 0.909, "sign_more": 0, "accent": 0.953, "accent_more": 0, "combining": 0, "combining_more": 0,
    "greek": 2.061, "greek_more": 0.85, "cyrillic": 2.346, "cyrillic_more": 0.154, "hebrew": 1.124,
    "hebrew_more": 1.208, "arabic": 1.664, "arabic_more": 0.631, "indic": 0, "indic_more": 1.525, "thai": 2.242,
    "thai_more": 0.837, "hiragana": 1.106, "hiragana_more": 0.67, "katakana": 0.44, "katakana_more": 1.074, "han": 0,
    "han_more": 1.543, "hangul": 1.634, "hangul_more": 1.025, "astral": 1.525, "han_pair": 1.547,
}  # fmt: skip

CLAUDE: TextRates = {
    "word": 0.914, "word_4": 0.416, "word_7": 0.119, "inner": 1.154, "inner_4": 0.403, "inner_7": 0.143,
    "title": 0.874, "title_4": 0.304, "title_7": 0.414, "inner_title": 1.368, "inner_title_4": 0.465,
    "inner_title_7": 0.33, "caps": 0.92, "caps_4": 0.292, "caps_7": 0, "inner_caps": 1.751, "inner_caps_4": 0.181,
    "inner_caps_7": 0.15, "common": 0.965, "common_inner": 1.02, "common_title": 1.186, "known": 1.057,
    "known_inner": 1.068, "known_title": 1.471, "mixed": 0, "mixed_letter": 0.818, "mixed_digit": 0.139,
    "mixed_part": 0.966, "number": 0.548, "number_3": 0.338, "digit": 0.166, "space_number": 1.166, "line": 1.009,
    "blank_line": 0, "line_space": 0.953, "indent": 0.769, "indent_more": 0.051, "tab": 1.485, "space": 0.905,
    "mark": 1.186, "inner_mark": 0.908, "mark_2": 0, "mark_more": 0.435, "mark_same": 0.008, "other": 2.3,
    "other_more": 0, "sign": 0.86, "sign_more": 0, "accent": 0.472, "accent_more": 0.406, "combining": 0,
    "combining_more": 0, "greek": 2.186, "greek_more": 0.475, "cyrillic": 1.142, "cyrillic_more": 0.285,
    "hebrew": 1.573, "hebrew_more": 0.608, "arabic": 0.846, "arabic_more": 0.81, "indic": 0, "indic_more": 0.925,
    "thai": 1.697, "thai_more": 0.918, "hiragana": 0.624, "hiragana_more": 0.531, "katakana": 1.387,
    "katakana_more": 0.775, "han": 0.24, "han_more": 1.239, "hangul": 1.329, "hangul_more": 1.295, "astral": 2.663,
    "han_pair": 1.953,
}  # fmt: skip

CLAUDE_4_7: TextRates = {
    "word": 0.879, "word_4": 0.691, "word_7": 0.29, "inner": 1.512, "inner_4": 0.623, "inner_7": 0.259,
    "title": 1.848, "title_4": 0.506, "title_7": 0.508, "inner_title": 1.706, "inner_title_4": 0.829,
    "inner_title_7": 0.237, "caps": 2.053, "caps_4": 0.865, "caps_7": 0.849, "inner_caps": 2.456,
    "inner_caps_4": 0.819, "inner_caps_7": 0.826, "common": 0.929, "common_inner": 1.11, "common_title": 1.996,
    "known": 2.458, "known_inner": 2.436, "known_title": 3.518, "mixed": 0, "mixed_letter": 0.946,
    "mixed_digit": 0.186, "mixed_part": 0.883, "number": 0.232, "number_3": 0.826, "digit": 0.026,
    "space_number": 1.275, "line": 1.054, "blank_line": 0, "line_space": 0.125, "indent": 0.647, "indent_more": 0.052,
    "tab": 1.789, "space": 0.998, "mark": 1.189, "inner_mark": 0.83, "mark_2": 0.346, "mark_more": 0.734,
    "mark_same": 0.058, "other": 1.98, "other_more": 0, "sign": 1.048, "sign_more": 0, "accent": 0.343,
    "accent_more": 0.286, "combining": 0, "combining_more": 0, "greek": 2.034, "greek_more": 0.514, "cyrillic": 1.306,
    "cyrillic_more": 0.275, "hebrew": 1.561, "hebrew_more": 0.616, "arabic": 0.469, "arabic_more": 0.935, "indic": 0,
    "indic_more": 0.909, "thai": 0, "thai_more": 1.001, "hiragana": 0.774, "hiragana_more": 0.496, "katakana": 0.989,
    "katakana_more": 0.831, "han": 0.039, "han_more": 1.233, "hangul": 1.316, "hangul_more": 1.287, "astral": 2.7,
    "han_pair": 1.942,
}  # fmt: skip

GEMMA_3: TextRates = {
    "word": 0.931, "word_4": 0.186, "word_7": 0.002, "inner": 0.793, "inner_4": 0.54, "inner_7": 0.026,
    "title": 0.939, "title_4": 0.203, "title_7": 0.116, "inner_title": 0.973, "inner_title_4": 0.299,
    "inner_title_7": 0.17, "caps": 0.833, "caps_4": 0.032, "caps_7": 0.22, "inner_caps": 1.391, "inner_caps_4": 0,
    "inner_caps_7": 0.364, "common": 1.046, "common_inner": 0.921, "common_title": 0.975, "known": 1.017,
    "known_inner": 0.98, "known_title": 0.936, "mixed": 0, "mixed_letter": 0.561, "mixed_digit": 1.035,
    "mixed_part": 0.237, "number": 0.081, "number_3": 0, "digit": 1.004, "space_number": 0.86, "line": 1.095,
    "blank_line": 0.317, "line_space": 0.781, "indent": 0.811, "indent_more": 0.021, "tab": 1.782, "space": 0.546,
    "mark": 1.123, "inner_mark": 0.952, "mark_2": 0, "mark_more": 0.256, "mark_same": 0.048, "other": 1.101,
    "other_more": 0, "sign": 1.05, "sign_more": 0, "accent": 0, "accent_more": 0, "combining": 0, "combining_more": 0,
    "greek": 0.016, "greek_more": 0.479, "cyrillic": 1.595, "cyrillic_more": 0.028, "hebrew": 0.817,
    "hebrew_more": 0.451, "arabic": 0, "arabic_more": 0.487, "indic": 0, "indic_more": 0.24, "thai": 0.071,
    "thai_more": 0.298, "hiragana": 0.538, "hiragana_more": 0.21, "katakana": 0.517, "katakana_more": 0.33,
    "han": 0.009, "han_more": 0.789, "hangul": 0.978, "hangul_more": 0.592, "astral": 0.68, "han_pair": 0.937,
}  # fmt: skip

LLAMA_3: TextRates = {
    "word": 1.025, "word_4": 0.304, "word_7": 0.016, "inner": 0.614, "inner_4": 0.779, "inner_7": 0, "title": 1.091,
    "title_4": 0.264, "title_7": 0.199, "inner_title": 1.009, "inner_title_4": 0.443, "inner_title_7": 0.196,
    "caps": 0.929, "caps_4": 0.054, "caps_7": 0.145, "inner_caps": 1.178, "inner_caps_4": 0, "inner_caps_7": 0.38,
    "common": 0.997, "common_inner": 0.673, "common_title": 0.95, "known": 1.056, "known_inner": 0.752,
    "known_title": 1.108, "mixed": 0, "mixed_letter": 0.616, "mixed_digit": 0.236, "mixed_part": 0.94, "number": 0.81,
    "number_3": 0.191, "digit": 0.275, "space_number": 0.656, "line": 0.867, "blank_line": 0, "line_space": 0.632,
    "indent": 0.438, "indent_more": 0.001, "tab": 1.323, "space": 0.38, "mark": 0.911, "inner_mark": 0.558,
    "mark_2": 0.433, "mark_more": 0.259, "mark_same": 0.013, "other": 1.934, "other_more": 0, "sign": 0.908,
    "sign_more": 0, "accent": 0.192, "accent_more": 0, "combining": 0, "combining_more": 0, "greek": 0.35,
    "greek_more": 0.434, "cyrillic": 1.829, "cyrillic_more": 0.075, "hebrew": 1.118, "hebrew_more": 1.212,
    "arabic": 0, "arabic_more": 0.561, "indic": 0, "indic_more": 0.877, "thai": 1.09, "thai_more": 0.45,
    "hiragana": 0.486, "hiragana_more": 0.558, "katakana": 0.865, "katakana_more": 0.57, "han": 0.051, "han_more": 1,
    "hangul": 1.091, "hangul_more": 0.664, "astral": 1.932, "han_pair": 1.141,
}  # fmt: skip
