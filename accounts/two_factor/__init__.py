"""Set up, replace and remove two-factor authentication, and its backup codes."""
