"""Agents as people install them, at work through the gateway: `make test-agents`."""
