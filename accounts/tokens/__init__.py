"""What programs send instead of a password."""
