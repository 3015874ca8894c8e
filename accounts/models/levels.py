"""How strong a second factor is. An organization says from which level on it accepts one."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.IntegerChoices):
    """The level of the strongest method that somebody has set up. Stored as a number; a stronger kind of
    factor gets a higher one.

    Texts are what NIST calls a restricted authenticator (SP 800-63B-4, 3.2.9): numbers can be taken over.
    """

    NONE = 0, _("No two-factor")
    TEXTS = 1, _("Text messages only")
    APP = 2, _("Authenticator app")


# What files for spreadsheets and programs call them, the same in every file. None: nobody knows.
NAMES_IN_FILES = {
    None: "unknown",
    Level.NONE: "none",
    Level.TEXTS: "text messages",
    Level.APP: "authenticator app",
}

ANY_METHOD = Level.TEXTS  # the lowest level that counts as two-factor
