"""Manage and list the members and invitations of organizations."""
