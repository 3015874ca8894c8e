"""Since when members have had two-factor: exported for auditors, and signed."""
