"""Helpers that the pages of all applications share."""
