"""Accounts: registration, email address, password, and administration by site admins."""
