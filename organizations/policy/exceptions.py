"""Define the rule violations of a policy: who must have two-factor, and how long sessions last."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.exceptions import RuleViolation, TwoFactorRemovalRefused
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

    def __init__(self, owners: Listed) -> None:
        super().__init__(
            ngettext(
                "You can't require two-factor authentication yet. This owner hasn't enabled it: %(names)s.",
                "You can't require two-factor authentication yet. These owners haven't enabled it: "
                "%(names)s.",
                owners.number,
            )
            % {"names": owners.in_words}
        )


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
