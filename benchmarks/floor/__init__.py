"""The floor: the least plain Django that signs in with a password, then with the code of an application.

Function views, no form classes, nothing recorded, nothing limited, no layout. It has what no site may lack:
CSRF protection, a new session key at sign-in, and a row lock so that a code works once. Same hasher, same
server and same database settings as the product.
"""
