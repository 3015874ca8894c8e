"""Tell the version of this product. pyproject.toml has it, and nothing else does."""

import tomllib
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PRODUCT = "TFC Auth"
FILE = Path(__file__).resolve().parent.parent / "pyproject.toml"


def read_version() -> str:
    """Return the version. Raises ImproperlyConfigured if pyproject.toml is not where the release has it."""
    try:
        with FILE.open("rb") as file:
            version: str = tomllib.load(file)["project"]["version"]
    except (OSError, ValueError, KeyError) as error:
        raise ImproperlyConfigured(
            f"{FILE} is part of the release, and says which version this is. Put it back in place."
        ) from error
    return version


VERSION = read_version()
