"""Files that people download: streamed, so that a million rows take no more memory than ten."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse

# What makes spreadsheets read a cell as a formula (CWE-1236): also after the invisible characters before it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
INVISIBLE = " \u00a0\u200b\u2060\ufeff"
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


def safe_cell(value: Any) -> str:
    """Return the text of a cell that no spreadsheet reads as a formula; None is empty.

    A text that begins like one gets an apostrophe in front, which spreadsheets hide. Times are ISO 8601.
    """
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.lstrip(INVISIBLE).startswith(FORMULA) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Return the lines of a CSV file (RFC 4180), its header first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    yield line_of(writer, buffer, header)
    for row in rows:
        yield line_of(writer, buffer, [safe_cell(value) for value in row])


def line_of(writer: Any, buffer: io.StringIO, row: Sequence[str]) -> str:
    buffer.seek(0)
    buffer.truncate()
    writer.writerow(row)
    return buffer.getvalue()


def download(lines: Iterable[str] | Iterable[bytes], name: str) -> StreamingHttpResponse:
    """Return the response that a browser saves under this name, whose ending says what it is.

    The name has letters, digits, hyphens and dots only, so it needs no quoting (RFC 6266).
    """
    response = StreamingHttpResponse(lines, content_type=TYPES[name.rpartition(".")[2]])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
