"""What a vector is for, in each provider's words.

Sources: Cohere's `input_type` (https://docs.cohere.com/reference/embed), Google's `taskType`
(https://ai.google.dev/gemini-api/docs/embeddings#task-types), Voyage's `input_type` (https://docs.voyageai.com/reference).
"""

from typing import Literal, TypeAlias

Words: TypeAlias = Literal["cohere", "google", "voyage"]

_ROWS: tuple[dict[Words, str], ...] = (
    {"cohere": "search_document", "google": "RETRIEVAL_DOCUMENT", "voyage": "document"},
    {"cohere": "search_query", "google": "RETRIEVAL_QUERY", "voyage": "query"},
    {"cohere": "classification", "google": "CLASSIFICATION"},
    {"cohere": "clustering", "google": "CLUSTERING"},
    {"google": "SEMANTIC_SIMILARITY"},
    {"google": "QUESTION_ANSWERING"},
    {"google": "FACT_VERIFICATION"},
    {"google": "CODE_RETRIEVAL_QUERY"},
    {"cohere": "image"},
)


def task_word(task: str, words: Words) -> str | None:
    """The task in the words of one provider; None when it has none for it."""
    for row in _ROWS:
        if task in row.values():
            return row.get(words)
    return None
