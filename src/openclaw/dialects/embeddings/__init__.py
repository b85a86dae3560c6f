"""Embeddings in every wire form. They are no chat: their port is `EmbeddingsCodec`."""

from openclaw.dialects.embeddings.cohere import CohereEmbeddings as CohereEmbeddings
from openclaw.dialects.embeddings.gemini import GeminiEmbeddings as GeminiEmbeddings
from openclaw.dialects.embeddings.gemini import VertexEmbeddings as VertexEmbeddings
from openclaw.dialects.embeddings.ollama import OllamaEmbeddings as OllamaEmbeddings
from openclaw.dialects.embeddings.openai import MISTRAL as MISTRAL
from openclaw.dialects.embeddings.openai import PERPLEXITY as PERPLEXITY
from openclaw.dialects.embeddings.openai import VOYAGE as VOYAGE
from openclaw.dialects.embeddings.openai import OpenAIEmbeddings as OpenAIEmbeddings
from openclaw.dialects.embeddings.port import EmbeddingsCodec as EmbeddingsCodec
