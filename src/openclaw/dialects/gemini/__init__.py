"""Gemini's dialect."""

from openclaw.dialects.gemini.codec import Gemini as Gemini
