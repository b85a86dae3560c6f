"""Where and as whom: one small file per provider."""
