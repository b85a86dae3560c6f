"""Ollama's own dialect."""

from openclaw.dialects.ollama.codec import Ollama as Ollama
