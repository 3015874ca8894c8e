"""Take the tokens of links out of what is logged: a log must not be enough to reset passwords (R39)."""

import re
from urllib.parse import unquote

# Mail programs break links at any place, and leave their signs for that, and some that nobody sees.
# Possessive: a match never takes time that grows faster than the text.
SIGNS = r"\s=\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
BREAK = rf"[{SIGNS}]*+"
SLASH = rf"[/\\][/\\.{SIGNS}]*+"
PATHS = (("account", "password", "reset"), ("account", "confirm"), ("app", "invitations"))
LINKS = "|".join(SLASH + "".join(BREAK.join([*word, SLASH]) for word in words) for words in PATHS)
# What follows is the token, also behind blanks. So it ends only where the text does, or a quotation mark, a
# bracket, or what is behind the address in the first line of a request.
TOKENS = re.compile(rf"({LINKS})(?!\*\*\*)[^\"'<>]+?(?=\sHTTP/[\d.]+|[\"'<>]|$)", re.IGNORECASE)
# What a link leads on to, which may be one of those.
TARGETS = re.compile(r"(\bnext=)[^&\s\"']+")
# A whole token, wherever it stands: an id, a time, a signature (django.core.signing).
SIGNED = re.compile(r"(?<![\w.:-])[\w-]+[.:][0-9A-Za-z]{5,8}[.:][\w-]{40,}")
QUOTED = re.compile(r"=([0-9A-Fa-f]{2})")  # quoted-printable, which mail programs leave in
MOST_LAYERS = 6  # of encoding: each filter that rewrites links adds one


def mask_tokens(text: str) -> str:
    """Return text without the tokens of links. Where one is encoded, the text is returned decoded."""
    shown = current = text
    for _layer in range(MOST_LAYERS):
        masked = mask_plain(current)
        if masked != current:
            shown = masked
        current = unquote(QUOTED.sub(r"%\1", masked))
        if current == masked:
            return shown
    return "***"  # encoded again and again, which nobody does without a reason


def mask_plain(text: str) -> str:
    if "/" not in text and "\\" not in text and "=" not in text and "." not in text:
        return text  # as most values are
    return SIGNED.sub("***", TARGETS.sub(r"\1***", TOKENS.sub(r"\1***", text)))
