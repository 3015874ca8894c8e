"""Both steps of signing in, and sudo."""
