"""The only way to an organization, and who may do what in it."""
