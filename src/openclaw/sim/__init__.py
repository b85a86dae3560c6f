"""Simulated providers for demonstrations and tests."""
