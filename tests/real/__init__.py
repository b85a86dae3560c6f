"""Tests against real model servers; run by `make test-real`, not by the default test command."""
