"""Statements that Django's query builder does not write for us."""
