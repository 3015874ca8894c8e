"""What a person holds beyond their account, and what becomes of it when the account is deactivated.

An application that knows of such things registers a module here. Every door shows what it says, asks what it
asks, and hands the answer to the verb, which carries it out in its own transaction.
"""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Protocol

from django import forms

from accounts.audit import Actor
from accounts.models import User
from accounts.plugins import Registry


@dataclass(frozen=True)
class Held:
    """One kind of thing that a person holds: a heading, a list, and what becomes of it if nothing is done."""

    title: str
    entries: Sequence[str]
    note: str = ""


@dataclass(frozen=True)
class Locked:
    """What an application has locked: the ids of users to lock besides, and what `settle` gets of it."""

    people: Set[int] = frozenset()
    state: Any = None


class Holdings(Protocol):
    """What an application shows, asks and does. A decision is whatever it makes of the answers."""

    def held_by(self, user: User) -> list[Held]:
        """Return what the person holds, for a page or a terminal."""

    def fields_for(self, user: User) -> dict[str, forms.Field]:
        """Return the fields by which an administrator decides what becomes of it."""

    def decided(self, user: User, values: Mapping[str, Any]) -> Any:
        """Return the decision in the values of a valid form with these fields."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options of the command that decide the same."""

    def decided_by_options(self, user: User, options: Mapping[str, Any]) -> Any:
        """Return the decision in these options. Raises RuleViolation."""

    def lock(self, user: User, decision: Any) -> "Locked":
        """Lock what comes before users in the order of locks.

        `decision` is None if nobody was asked. Raises RuleViolation.
        """

    def settle(self, user: User, decision: Any, state: Any, *, actor: Actor) -> list[str]:
        """Carry out the decision; return what superusers are told of it. The account is deactivated already,
        and all locks are held. Raises RuleViolation, which undoes everything.
        """


Decisions = Mapping[str, Any]  # by the names of the registry
holdings: Registry[Holdings] = Registry()


def held_by(user: User) -> list[Held]:
    """Return all that a person holds."""
    return [held for holding in holdings.values() for held in holding.held_by(user)]


def fields_for(user: User) -> dict[str, forms.Field]:
    """Return the fields of all applications, by their names."""
    return {name: field for holding in holdings.values() for name, field in holding.fields_for(user).items()}


def decisions_of(user: User, values: Mapping[str, Any]) -> Decisions:
    """Return what a valid form with these fields has decided."""
    return {name: holding.decided(user, values) for name, holding in holdings.items()}


def decisions_by_options(user: User, options: Mapping[str, Any]) -> Decisions:
    """Return what the options of a command have decided. Raises RuleViolation."""
    return {name: holding.decided_by_options(user, options) for name, holding in holdings.items()}


def lock_before_users(user: User, decisions: Decisions) -> dict[str, Locked]:
    """Lock what comes before users; return what each application has locked."""
    return {name: holding.lock(user, decisions.get(name)) for name, holding in holdings.items()}


def people_in(locked: Mapping[str, Locked]) -> set[int]:
    """Return the ids of all further users who are to be locked with this one."""
    return {pk for each in locked.values() for pk in each.people}


def settle(user: User, decisions: Decisions, locked: Mapping[str, Locked], *, actor: Actor) -> list[str]:
    """Carry out what was decided; return what superusers are told."""
    return [
        sentence
        for name, holding in holdings.items()
        for sentence in holding.settle(user, decisions.get(name), locked[name].state, actor=actor)
    ]
