"""Bodies that are no documents: malformed, of the wrong type, too deep or too long."""

import json

SECRET = "correct horse battery staple 42"
LONG = 2 * 1024 * 1024


def with_attributes(text):
    return '{"data": {"attributes": ' + text + "}}"


def nested(depth, innermost='"x"'):
    return "[" * depth + innermost + "]" * depth


def nested_objects(depth, innermost='"x"'):
    return '{"a":' * depth + innermost + "}" * depth


# No parser takes any of these as a document.
MALFORMED = {
    "truncated": b'{"data": {"type"',
    "two documents": b"{} {}",
    "single quotes": b"{'data': {}}",
    "a comment": b'{"data": {}} // yes',
    "a trailing comma": b'{"data": {},}',
    "NaN": with_attributes('{"email": NaN}'),
    "Infinity": with_attributes('{"email": Infinity}'),
    "-Infinity": with_attributes('{"email": -Infinity}'),
    "1e999": with_attributes('{"email": 1e999}'),
    "-1e999": with_attributes('{"session-timeout": -1e999}'),
    "5,000 digits": with_attributes('{"session-timeout": ' + "9" * 5000 + "}"),
    "half a million digits": with_attributes('{"session-timeout": ' + "9" * 500_000 + "}"),
    "duplicate keys": b'{"data": {}, "data": {}}',
    "duplicate attributes": with_attributes('{"email": "a@example.com", "email": "b@example.com"}'),
    "duplicate keys, one escaped": with_attributes('{"email": "a@example.com", "\\u0065mail": "x"}'),
    "100,000 lists": nested(100_000),
    "100,000 open lists": "[" * 100_000,
    "100,000 objects": nested_objects(100_000),
    "100,000 lists in an attribute": with_attributes('{"email": ' + nested(100_000) + "}"),
    "a BOM": "\ufeff{}".encode(),
    "UTF-16": json.dumps({"data": {}}).encode("utf-16"),
    "UTF-16 without a BOM": json.dumps({"data": {}}).encode("utf-16-le"),
    "UTF-32": json.dumps({"data": {}}).encode("utf-32"),
    "Latin-1": with_attributes('{"email": "m\xfcller@example.com"}').encode("latin-1"),
    "overlong UTF-8": b'{"data": {"attributes": {"email": "\xc0\xaf"}}}',
    "surrogates in UTF-8": b'{"data": {"attributes": {"email": "\xed\xa0\x80"}}}',
    "a lone surrogate": with_attributes('{"email": "\\ud800"}'),
    "a lone low surrogate": with_attributes('{"description": "\\udfff x"}'),
    "a lone surrogate in a key": with_attributes('{"\\ud800": "x"}'),
    "a lone surrogate in the type": b'{"data": {"type": "\\ud800"}}',
    "a lone surrogate outside of data": b'{"data": {}, "meta": "\\ud800"}',
    "NUL": with_attributes('{"email": "a\\u0000@example.com"}'),
    "NUL in a key": with_attributes('{"a\\u0000": "x"}'),
    "NUL in the type": b'{"data": {"type": "users\\u0000"}}',
    "NUL deep down": with_attributes('{"email": ' + nested(300, '"\\u0000"') + "}"),
    "NUL deep down in objects": with_attributes('{"email": ' + nested_objects(300, '"\\u0000"') + "}"),
    "a raw NUL": b'{"data": {"attributes": {"email": "a\x00b"}}}',
    "a raw line break": b'{"data": {"attributes": {"email": "a\nb"}}}',
}
# Enough to tell whether an operation reads what it is sent before it does anything.
SOME_MALFORMED = ["truncated", "duplicate keys", "NUL"]
# Well-formed, and no document.
NO_DOCUMENT = {
    "empty": b"",
    "blank": b"  \r\n\t ",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"7",
    "true": b"true",
    "an empty object": b"{}",
    "data is null": b'{"data": null}',
    "data is a text": b'{"data": "x"}',
    "data is a number": b'{"data": 1}',
    "no data": b'{"attributes": {"email": "new@example.com"}}',
    "errors": b'{"errors": []}',
}
WRONG_MEDIA = [
    "",
    "text/plain",
    "text/html",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/jsonx",
    "application/vnd.api+json; charset=utf-16",
    "application/vnd.api+json; charset=undefined",
    "application/vnd.api+json; charset=latin-1",
    "application/vnd.api+json; profile=x",
    "application/json; foo=bar",
    "*/*",
    "nonsense",
    ";",
    "application/vnd.api+json, application/json",
]
VALUES = [
    None,
    True,
    7,
    -1,
    2**31,
    2**63,
    10**400,
    1.5,
    "",
    " ",
    "x" * 10_000,
    [],
    ["x"],
    {},
    {"a": 1},
    "\u202e",
]


def document_with(**attributes):
    return {"data": {"attributes": attributes}}
