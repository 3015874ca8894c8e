"""What owners choose of an export of evidence."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.web.forms import Form

FORMATS = [("csv", _("CSV")), ("json", _("JSON"))]


class ExportForm(Form):
    format = forms.ChoiceField(label=_("Format"), choices=FORMATS, initial="csv", widget=forms.RadioSelect)
