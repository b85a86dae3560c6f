"""OpenClaw: an AI gateway that decides which model runs each step of an agent's task."""

__version__ = "0.1.0"
