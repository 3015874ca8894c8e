"""Define the rule violations of organizations: message and code. The doors turn them into responses."""

from django.utils.translation import gettext_lazy, ngettext

from accounts.exceptions import Gone, RuleViolation
from organizations.listed import listing
from organizations.models import NAME_LENGTH, Organization


class TwoFactorRequired(RuleViolation):
    """The policy locks this session out until it is enrolled and verified. Raised by the gate."""

    code = "two-factor-required"
    message = gettext_lazy("%(name)s requires two-factor authentication.")

    def __init__(self, organization: Organization) -> None:
        super().__init__(name=organization.name)
        self.organization = organization


class InvalidName(RuleViolation):
    code = "invalid-name"
    message = gettext_lazy("Use 1 to %(n)s letters (A-Z), digits, hyphens and underscores.")
    fields = ("name",)

    def __init__(self) -> None:
        super().__init__(n=NAME_LENGTH)


class ReservedName(RuleViolation):
    code = "reserved-name"
    message = gettext_lazy("“%(name)s” is reserved. Please choose another name.")
    fields = ("name",)


class NameTaken(RuleViolation):
    code = "name-taken"
    message = gettext_lazy("That name is taken. Please choose another one.")
    fields = ("name",)


class CreationNotAllowed(RuleViolation):
    code = "creation-not-allowed"
    message = gettext_lazy("Only site admins can create organizations here.")


class NoLongerAllowed(RuleViolation):
    """The actor has lost the right since the request passed the gate."""

    code = "no-longer-allowed"
    message = gettext_lazy("You can no longer do that in this organization. Nothing was changed.")


class UserTokensRefused(RuleViolation):
    """The organization does not accept tokens of persons. The code is what Terraform's SDK looks for."""

    code = "unauthorized"
    message = gettext_lazy(
        "%(name)s doesn't accept personal tokens. Use the organization token or the team token of the "
        "owners. An owner can change this in its settings, under API Tokens."
    )

    def __init__(self, organization: Organization) -> None:
        super().__init__(name=organization.name)


class TokenWouldEndItself(RuleViolation):
    """A personal token would close the organization to itself, and could never open it again."""

    code = "token-would-end-itself"
    message = gettext_lazy(
        "A personal token can't turn this off, because it would lock itself out. Use the organization "
        "token, the team token of the owners, or the organization's settings, under API Tokens."
    )
    fields = ("user-tokens-enabled",)


class OrganizationGone(Gone):
    code = "organization-gone"
    message = gettext_lazy("That organization has been deleted.")


class UnknownUser(RuleViolation):
    code = "unknown-user"
    message = gettext_lazy("There is no user with that name. You can also enter an email address.")
    fields = ("username",)


class AlreadyMember(RuleViolation):
    code = "already-member"
    message = gettext_lazy("%(name)s is already a member.")
    fields = ("username",)


class MalformedList(RuleViolation):
    """The page of the preview has not written this."""

    code = "malformed-list"
    message = gettext_lazy("We can't read this list. Check it again.")


class BatchGone(Gone):
    code = "batch-gone"
    message = gettext_lazy(
        "That list of invitations no longer exists. We delete lists 30 days after they end."
    )


class NothingToTryAgain(RuleViolation):
    """The list runs already, or everybody on it has been invited."""

    code = "nothing-to-try-again"
    message = gettext_lazy("Nobody on this list is left to invite. This page shows its present state.")


class TooManyBatches(RuleViolation):
    code = "too-many-batches"
    message = gettext_lazy(
        "%(name)s has %(number)s lists that aren't finished. Wait until one is, or stop one."
    )


class InvitationGone(Gone):
    """Revoked, declined, used, or another person's: the message does not reveal which."""

    code = "invitation-gone"
    message = gettext_lazy("This invitation is no longer open. It was answered or withdrawn.")


class InvitationExpired(InvitationGone):
    """Only the invited person gets to know that it is there and has expired."""

    message = gettext_lazy("This invitation has expired.")


class MembershipGone(Gone):
    code = "membership-gone"
    message = gettext_lazy("That person is no longer on the list. Nothing was changed.")


class NotAMember(RuleViolation):
    """Only people who have accepted their invitation can become owners."""

    code = "not-a-member"
    message = gettext_lazy("Only somebody who has accepted the invitation can become an owner.")


class AccountDeactivated(RuleViolation):
    """Nobody can sign in to the account, so it could own nothing in fact."""

    code = "account-deactivated"
    message = gettext_lazy("The account of %(name)s is deactivated, so %(name)s can't become an owner.")


class BecameOwner(RuleViolation):
    """The member to be removed has become an owner, and removing an owner takes sudo."""

    code = "became-owner"
    message = gettext_lazy("%(name)s is an owner now. Nothing was changed.")


class NotShown(RuleViolation):
    """Something would stay behind that nobody has decided about: it was made since the page was shown."""

    code = "not-shown"
    message = gettext_lazy(
        "%(name)s has created a token or sent an invitation since you opened this page. Nothing was "
        "changed. Decide below what to do with it."
    )


class LastOwner(RuleViolation):
    code = "last-owner"

    def __init__(self, *names: str) -> None:
        super().__init__(
            ngettext(
                "The organization %(names)s needs an owner, and there is no other one. "
                "Make somebody else an owner first.",
                "The organizations %(names)s need an owner, and there is no other one. "
                "Make somebody else an owner first.",
                len(names),
            )
            % {"names": listing(names)}
        )


class OwnershipChanged(RuleViolation):
    """The user became an owner while the account was being deleted."""

    code = "ownership-changed"
    message = gettext_lazy(
        "The organizations that you own have just changed. Nothing was done. Please try again."
    )


class SuccessorUnknown(RuleViolation):
    code = "successor-unknown"
    message = gettext_lazy(
        "“%(name)s” isn't another member of %(organization)s. Only somebody who has accepted the invitation "
        "can become an owner."
    )
    fields = ("successor",)


class SuccessorMissing(RuleViolation):
    """Deactivating the only owner takes a successor, or a reason for having none."""

    code = "successor-missing"
    message = gettext_lazy(
        "Nobody else can manage %(names)s. Name the next owner, or say why there is none. Nothing was "
        "changed."
    )
    fields = ("without_successor",)


class SuccessorNotNeeded(RuleViolation):
    code = "successor-not-needed"
    message = gettext_lazy(
        "%(name)s isn't the only active owner of an organization called “%(organization)s”. Nothing was "
        "changed."
    )


class HoldingsChanged(RuleViolation):
    """An organization, a token or an invitation has come to the person while the account was deactivated."""

    code = "holdings-changed"
    message = gettext_lazy(
        "The organizations, tokens or invitations of %(name)s have just changed. Nothing was done. Please "
        "try again."
    )


class OwnerThere(RuleViolation):
    code = "owner-there"
    message = gettext_lazy(
        "%(name)s has an active owner, who can make other members owners. Nothing was changed."
    )


class ReasonNeeded(RuleViolation):
    code = "reason-needed"
    message = gettext_lazy("Say why. The reason is recorded.")
