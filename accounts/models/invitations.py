"""Define invitations to the site: each lets one person create an account, whatever SIGN_UP says."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.clocks import CLOCK_SKEW
from accounts.models.users import USERNAME_LENGTH

SITE_INVITATION_LIFETIME = timedelta(days=7)


def site_invitation_end() -> datetime:
    return timezone.now() + SITE_INVITATION_LIFETIME


class SiteInvitationQuerySet(models.QuerySet["SiteInvitation"]):
    def current(self) -> Self:
        """Return all but those that have expired, or were made while the clock was ahead (D43)."""
        now = timezone.now()
        latest = now + SITE_INVITATION_LIFETIME + CLOCK_SKEW
        return self.filter(expires_at__gt=now, expires_at__lte=latest)


class SiteInvitation(models.Model):
    """An invitation to create an account. The account that is created with it deletes it.

    It never says whether the address has an account: nothing refers to one.
    """

    email = models.EmailField(_("email address"), max_length=254)  # as `login_key` writes it
    # A copy of the name of the site admin, "" for a command. No foreign key: it may outlive the account.
    invited_by = models.CharField(max_length=USERNAME_LENGTH, blank=True, default="")
    invited_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    objects = SiteInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation to the site")
        verbose_name_plural = _("invitations to the site")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["email"], name="one_site_invitation_per_address"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires_at"], name="site_invitations_by_end"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_expired(self) -> bool:
        """Return whether it can't be used. It can be renewed."""
        now = timezone.now()
        return not now < self.expires_at <= now + SITE_INVITATION_LIFETIME + CLOCK_SKEW

    @property
    def sent_at(self) -> datetime:
        """Return when it was sent, the last time."""
        return self.expires_at - SITE_INVITATION_LIFETIME
