"""Signals to applications that build on this one.

Verbs send them in their transaction: a receiver vetoes by raising a RuleViolation, which rolls it back.
"""

from django.dispatch import Signal

# user, enabled: bool, actor (optional). Sent after the user's row is written, when two-factor is enabled or
# disabled and when its level changes; receivers update copies in the same transaction.
two_factor_changed = Signal()

# user, level: the one that remains, forced: bool, lock: bool, actor. Sent before the user's lock (lock=True:
# receivers lock what they own) and again after it. Receivers veto by raising, except when forced, and return
# a comparable value: the verb starts over if the second value differs from the first.
two_factor_removing = Signal()

# user, level: the one that would remain. Pure; sent by the pages that ask: receivers return
# {"refused_by": [names], "locks": [names]}.
two_factor_consequences = Signal()

# user. Sent after a confirmed address is written: receivers update copies in the same transaction. The
# user's lock is held.
address_confirmed = Signal()

# user, active: bool, actor. Sent after an administrator's change is written. The user's lock is held, so
# receivers lock nothing that comes before it. They can veto an activation by raising.
account_standing_changed = Signal()

# user, actor. Sent before the user's lock: receivers veto by raising, or remove what belongs to the user.
account_deleting = Signal()
