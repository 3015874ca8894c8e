"""Prepared reads, changes in batches and time limits, which Django's ORM does not offer."""
