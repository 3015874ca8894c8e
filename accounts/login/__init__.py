"""Sign in (both steps), sign out, and sudo."""
