"""Control access to organizations and the rights in them."""
