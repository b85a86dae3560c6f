"""How it is said: one codec per wire format."""
