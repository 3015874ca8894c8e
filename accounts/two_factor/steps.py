"""The line of steps above each page of a set-up: Choose, what the factor brings, Keep your codes."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import factors
from accounts.factors.base import Factor
from accounts.models import User
from accounts.two_factor.pending import PendingEnrolment


@dataclass(frozen=True)
class Steps:
    """The names of the steps, and the number of the present one. The first is 1."""

    labels: list[str]
    number: int

    @property
    def total(self) -> int:
        return len(self.labels)


def of_choice(user: User, factor: Factor) -> Steps:
    """Return the line of the page with the choice. `factor` is the one that is chosen beforehand."""
    return Steps(labels(factor, with_codes=not user.is_enrolled), 1)


def of_set_up(user: User, pending: PendingEnrolment) -> Steps | None:
    """Return the line of the page that asks for the code; None where there is nothing before and after it."""
    if pending.follows:
        return Steps(labels(first_of(user), with_codes=True, then=pending.factor), 4)
    if pending.replacing and pending.factor.details_form is None:
        return None
    return Steps(labels(pending.factor, with_codes=not user.is_enrolled, then=pending.follower), 2)


def of_codes(user: User, follower: PendingEnrolment | None) -> Steps:
    """Return the line of the page with the first codes. `follower` is set up after they are kept."""
    return Steps(labels(first_of(user), with_codes=True, then=follower.factor if follower else None), 3)


def labels(factor: Factor | None, *, with_codes: bool, then: Factor | None = None) -> list[str]:
    found = [_("Choose"), str(factor.step_label if factor else Factor.step_label)]
    if with_codes:
        found.append(_("Keep your codes"))
    if then:
        found.append(str(then.step_label))
    return found


def first_of(user: User) -> Factor | None:
    return next(iter(factors.of_user(user)), None)
