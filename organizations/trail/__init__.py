"""The audit trail of an organization: reading it, saying it in words, and exporting it."""
