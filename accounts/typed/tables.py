"""Read files with rows and columns, as spreadsheets and other programs save them: CSV in all spellings."""

import codecs
import csv
import io
import re

from django.utils.translation import gettext_lazy as _

from accounts.exceptions import RuleViolation

# What other files begin with. A workbook is what people choose by mistake.
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
OTHERS = (b"%PDF", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"{\\rtf")
# The longer marks first: that of UTF-32 begins like that of UTF-16.
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ONE_BYTE = "cp1252"  # what Windows and Excel save in Western Europe: Latin-1, and letters besides
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
MOST_CONTROLS = 20  # one in so many characters is no text
SEPARATORS = (",", ";", "\t")
SAID = re.compile(r"sep=([,;\t])(?:\r\n?|\n|$)", re.IGNORECASE)  # Excel's own first line
QUOTED = re.compile(r'"[^"]*"')


class UnreadableFile(RuleViolation):
    """Nobody can say which letters these bytes are."""

    code = "unreadable-file"
    message = _("We can't read this file. Save it as CSV with the encoding UTF-8, and choose it again.")


class Workbook(UnreadableFile):
    message = _("This is a workbook. In your spreadsheet program, save it as CSV, and choose that file.")


class UnreadableRow(RuleViolation):
    code = "unreadable-row"
    message = _(
        "We can't read row %(row)s. Usually, a quotation mark is missing or is where it doesn't belong. "
        "Correct the row, and choose the file again."
    )


Row = tuple[int, list[str]]  # its number, from 1 on as spreadsheets show it, and its cells


def text_of(content: bytes) -> str:
    """Return the text of a file. Raises UnreadableFile.

    UTF-8, UTF-16 and UTF-32 with or without their BOM, and what Windows saves. NUL is left to the reader.
    """
    if content.startswith(WORKBOOKS):
        raise Workbook
    if content.startswith(OTHERS):
        raise UnreadableFile
    for encoding in encodings_of(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(CONTROLS.findall(text)) * MOST_CONTROLS > len(text) + MOST_CONTROLS:
            break
        return text
    raise UnreadableFile


def encodings_of(content: bytes) -> list[str]:
    """Return the encodings to try, in their order."""
    marked = next((encoding for bom, encoding in BOMS if content.startswith(bom)), None)
    if marked:
        return [marked]
    # The Latin letters of UTF-16 have a NUL each, before or behind: about as many as there are letters.
    half = len(content) // 2
    if half and content[1::2].count(0) * 4 > half * 3:
        return ["utf-16-le"]
    if half and content[0::2].count(0) * 4 > half * 3:
        return ["utf-16-be"]
    return ["utf-8", ONE_BYTE]


def rows_of(text: str) -> list[Row]:
    """Return the rows of a CSV file that are not blank. Raises UnreadableRow.

    The columns are separated by commas, semicolons or tabs, whichever the first row that isn't blank has most
    of.
    """
    said = SAID.match(text)
    separator = said[1] if said else separator_of(text)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True
    )
    found: list[Row] = []
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells) and not (said and number == 1):
                found.append((number, cells))
    except csv.Error as error:
        raise UnreadableRow(row=number + 1) from error
    return found


def separator_of(text: str) -> str:
    """Return what stands most often in the first row that is not blank, outside of quotation marks."""
    first = QUOTED.sub("", text.lstrip("\r\n")).lstrip("\r\n").splitlines()[:1] or [""]
    return max(SEPARATORS, key=first[0].count)
