"""The account: its name, address, password, and what site admins may do to it."""
