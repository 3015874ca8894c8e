"""A registry that applications fill in `AppConfig.ready()`."""

from collections.abc import Mapping
from typing import TypeVar

Entry = TypeVar("Entry")


class Registry(dict[str, Entry]):
    """Entries by name, in the order of registration."""

    def register(self, name: str, entry: Entry) -> None:
        """Add an entry. Raises ValueError if the name is taken, so that no entry replaces another."""
        if name in self:
            raise ValueError(f"{name} is registered already")
        self[name] = entry

    def register_all(self, entries: Mapping[str, Entry]) -> None:
        """Add several entries. Raises ValueError if a name is taken."""
        for name, entry in entries.items():
            self.register(name, entry)
