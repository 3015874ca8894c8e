"""Define the rule violations of a policy: who must have two-factor, and how long sessions last."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.exceptions import RuleViolation, TwoFactorRemovalRefused
from accounts.models import ANY_METHOD
from accounts.web.times import in_full
from organizations.listed import Listed, listing
from organizations.models import LONGEST_SESSION, SHORTEST_SESSION


class SessionOutOfRange(RuleViolation):
    """Owners can only shorten sessions, and to no less than 60 minutes."""

    code = "session-out-of-range"
    message = gettext_lazy("Enter %(shortest)s to %(longest)s minutes.")

    def __init__(self) -> None:
        super().__init__(shortest=SHORTEST_SESSION, longest=LONGEST_SESSION)


class OwnersNotEnrolled(RuleViolation):
    """Two-factor authentication can't be required while an owner is not enrolled."""

    code = "owners-not-enrolled"
    fields = ("collaborator-auth-policy",)

    def __init__(self, owners: Listed, level: int = ANY_METHOD) -> None:
        any_method = ngettext(
            "You can't require two-factor authentication yet. This owner hasn't enabled it: %(names)s.",
            "You can't require two-factor authentication yet. These owners haven't enabled it: %(names)s.",
            owners.number,
        )
        app_only = ngettext(
            "You can't require an authenticator app yet. This owner hasn't set one up: %(names)s.",
            "You can't require an authenticator app yet. These owners haven't set one up: %(names)s.",
            owners.number,
        )
        words = app_only if level > ANY_METHOD else any_method
        super().__init__(words % {"names": owners.in_words})


class OwnerKeepsTwoFactor(TwoFactorRemovalRefused):
    """An owner of an organization that requires two-factor authentication can't be without it."""

    def __init__(self, username: str, names: Sequence[str]) -> None:
        mine = ngettext(
            "You own %(names)s, an organization that requires two-factor authentication.",
            "You own organizations that require two-factor authentication: %(names)s.",
            len(names),
        )
        theirs = ngettext(
            "%(name)s owns %(names)s, an organization that requires two-factor authentication.",
            "%(name)s owns organizations that require two-factor authentication: %(names)s.",
            len(names),
        )
        replace = _("You can replace your device at any time, but you can't go without one.")
        break_glass = ngettext(
            "Somebody who has lost every device and recovery code needs a command on the server: "
            "manage.py disable_two_factor %(name)s --break-glass --reason TEXT. Until two-factor is set up "
            "again, this organization is locked for %(name)s.",
            "Somebody who has lost every device and recovery code needs a command on the server: "
            "manage.py disable_two_factor %(name)s --break-glass --reason TEXT. Until two-factor is set up "
            "again, these organizations are locked for %(name)s.",
            len(names),
        )
        super().__init__(
            f"{mine} {replace}", to_others=f"{theirs} {break_glass}", name=username, names=listing(names)
        )


class OwnerKeepsMethod(TwoFactorRemovalRefused):
    """An owner of an organization that accepts no text messages can't be left with them alone."""

    def __init__(self, username: str, names: Sequence[str]) -> None:
        mine = ngettext(
            "You own %(names)s, an organization that doesn't accept text messages.",
            "You own organizations that don't accept text messages: %(names)s.",
            len(names),
        )
        theirs = ngettext(
            "%(name)s owns %(names)s, an organization that doesn't accept text messages.",
            "%(name)s owns organizations that don't accept text messages: %(names)s.",
            len(names),
        )
        replace = _("You can replace your app at any time, but you can't go without one.")
        super().__init__(f"{mine} {replace}", to_others=theirs, name=username, names=listing(names))


class ReactivatedOwnerNotEnrolled(RuleViolation):
    """Activating the account would make an active owner who breaks the organization's own policy."""

    code = "owner-not-enrolled"

    def __init__(self, name: str, names: Sequence[str]) -> None:
        super().__init__(
            ngettext(
                "%(name)s owns an organization that requires two-factor authentication, but hasn't enabled "
                "it: %(names)s. Have another owner make %(name)s a plain member there first.",
                "%(name)s owns organizations that require two-factor authentication, but hasn't enabled "
                "it: %(names)s. Have another owner make %(name)s a plain member there first.",
                len(names),
            ),
            name=name,
            names=listing(names),
        )


class NewOwnerNotEnrolled(RuleViolation):
    code = "new-owner-not-enrolled"
    message = gettext_lazy(
        "This organization requires two-factor authentication, and %(name)s hasn't enabled it. All owners "
        "need it."
    )
    app_only = gettext_lazy(
        "This organization doesn't accept text messages, and %(name)s hasn't set up an authenticator app. "
        "All owners need one."
    )

    def __init__(self, name: str, level: int = ANY_METHOD) -> None:
        super().__init__(self.app_only if level > ANY_METHOD else self.message, name=name)


class DateOutOfRange(RuleViolation):
    code = "date-out-of-range"
    message = gettext_lazy("Choose a time from %(first)s to %(last)s.")
    fields = ("date", "two-factor-required-from")

    def __init__(self, first: datetime, last: datetime) -> None:
        super().__init__(first=in_full(first), last=in_full(last))


class RequiredAlready(RuleViolation):
    """A date can only bring what is not required now."""

    code = "required-already"
    message = gettext_lazy("%(name)s already requires this. A date wouldn't change anything.")
    fields = ("date", "two-factor-required-from")

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class NothingScheduled(RuleViolation):
    code = "nothing-scheduled"
    message = gettext_lazy(
        "There is no date to withdraw. If the date has passed, two-factor authentication is now required."
    )


class NothingMissing(RuleViolation):
    code = "nothing-missing"
    message = gettext_lazy("There is nobody to remind: all of them have set it up.")


class RemindedAlready(RuleViolation):
    """Reminders are mails that people did not ask for: one in 24 hours is enough."""

    code = "reminded-already"

    def __init__(self, name: str, again_at: datetime) -> None:
        one = _(
            "You can remind %(name)s again from %(time)s. Each person gets at most one reminder in 24 hours."
        )
        everybody = _(
            "You can remind everybody again from %(time)s. Each person gets at most one reminder in 24 hours."
        )
        super().__init__(one if name else everybody, name=name, time=in_full(again_at))
