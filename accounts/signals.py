"""News that travels upward, always inside the verb's transaction.

Whoever must have a say receives and raises a RuleViolation; the transaction is rolled back.
"""

from django.dispatch import Signal

# user, enabled: bool. The user's row is written; mirrors of it follow in the same transaction.
two_factor_changed = Signal()

# user, forced: bool, lock: bool. Before the user's lock (lock=True: receivers lock what they own) and once
# more after it. Receivers veto by raising, but not when forced, and return a comparable value: the verb
# starts over if the second differs from the first.
two_factor_removing = Signal()

# user. Pure: receivers return {"refused_by": [names], "locks": [names]} for the page that asks first.
two_factor_consequences = Signal()

# user. Before the user's lock: receivers veto by raising, or remove what belongs to the user.
account_deleting = Signal()
