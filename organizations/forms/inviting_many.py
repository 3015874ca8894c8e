"""The forms that invite many: a pasted list or a file, and the list that was checked."""

import secrets
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.web.forms import Form
from organizations.exceptions import MalformedList
from organizations.forms.fields import PLAIN_TEXT

LONGEST = 900_000  # bytes of a file, or of a text: what is sent on after the check fits into a body, too
ROW = "\t"  # stands between the number of a row and who it names


class ManyForm(Form):
    """A pasted list, or a file: one of them."""

    people = forms.CharField(
        label=_("Email addresses or usernames"),
        help_text=_("One per line, or separated by commas, semicolons or spaces."),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs=PLAIN_TEXT | {"rows": 8}),
    )
    file = forms.FileField(
        label=_("Or a CSV file"),
        help_text=_("At most 10,000 rows and 900 kB. A header row is optional."),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        people, file = found.get("people", ""), found.get("file")
        if self.errors:
            return found
        if people.strip() and file:
            self.add_error("file", _("Paste a list or choose a file, not both."))
        elif file is None and not people.strip():
            self.add_error("people", _("Paste a list of people, or choose a file."))
        for name, size in (("people", len(people.encode())), ("file", file.size if file else 0)):
            if size > LONGEST:
                self.add_error(
                    name,
                    _("This is larger than 900 kB. Leave out other columns, or split it into several lists."),
                )
        return found

    @property
    def content(self) -> bytes | None:
        """Return the bytes of the file of a valid form, None for a pasted list."""
        file: UploadedFile[Any] | None = self.cleaned_data.get("file")
        return None if file is None else bytes(file.read())


class CheckedForm(Form):
    """The people on a list that was checked, with the numbers of their rows."""

    people = forms.CharField(strip=False, widget=forms.HiddenInput)
    key = forms.RegexField(r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)

    @classmethod
    def of(cls, rows: list[tuple[int, str]]) -> "CheckedForm":
        """Return the form that sends these rows on."""
        people = "\n".join(f"{number}{ROW}{who}" for number, who in rows)
        return cls(initial={"people": people, "key": secrets.token_hex(16)})

    def clean_people(self) -> list[tuple[int, str]]:
        """Return the rows. What the page has not written itself is refused."""
        return [self.row_of(line) for line in self.cleaned_data["people"].split("\n") if line]

    def row_of(self, line: str) -> tuple[int, str]:
        number, tab, who = line.rstrip("\r").partition(ROW)
        if not (tab and number.isascii() and number.isdigit() and len(number) <= 9):
            raise forms.ValidationError(MalformedList.message, code="malformed")
        return int(number), who
