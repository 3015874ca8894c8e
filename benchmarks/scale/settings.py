"""Define the settings of the product with a mail server that can stop after so many mails."""

from tfc_auth.mailers import mail_settings
from tfc_auth.settings import *  # noqa: F403

globals().update(mail_settings({"EMAIL_BACKEND": "benchmarks.scale.mails.Backend"}))
