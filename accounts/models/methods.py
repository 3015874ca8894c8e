"""The words for the method behind a proof (D45): the slug of a factor, PASSWORD, or UNKNOWN.

Rows store the word, not a reference: it outlives the device, and the factor if a site gives that up.
accounts/factors/methods.py says what pages call each.
"""

LONGEST_METHOD = 32

PASSWORD = "password"  # the password alone
UNKNOWN = ""  # the row is older than the column
