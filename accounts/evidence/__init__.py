"""Signed files for auditors. All but the keys works without settings and without a database."""
