"""Issue, find, revoke and expire the tokens that programs send instead of a password."""
