"""Validate the shape of input about organizations, without side effects. The verbs decide what is allowed."""
