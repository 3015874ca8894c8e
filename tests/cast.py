"""Who plays in the tests: alice owns, bob is a member, mallory is outside. Fixtures are states."""
