"""Prepared reads and changes in batches, which Django's ORM does not offer."""
