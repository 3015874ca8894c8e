"""What happens to pauses of text messages, for the record."""

from django.utils.translation import gettext_lazy as _

from accounts.audit.events import EventName


class TextEvent(EventName):
    """Never change a value: recorded events keep theirs."""

    PAUSED = "texts.paused", _("Text messages to a country or a block of numbers paused")
    RESUMED = "texts.resumed", _("Pause of text messages ended")
