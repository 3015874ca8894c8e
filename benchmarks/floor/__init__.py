"""The floor: the smallest plain Django site that signs in with a password and then a code of an application.

It has function views and no form classes, audit events, limits or layout. It has what every site needs: CSRF
protection, a new session key at sign-in, and a row lock so that a code works once. Hasher, server and
database settings are those of the product, except for timeouts.
"""
