"""Set and apply the policies of organizations: two-factor authentication and session lengths."""
