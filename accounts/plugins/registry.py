"""A named list that applications fill while they are loaded, in `AppConfig.ready()`."""

from typing import TypeVar

Entry = TypeVar("Entry")


class Registry(dict[str, Entry]):
    """Entries by name, in the order in which they were registered."""

    def register(self, name: str, entry: Entry) -> None:
        """Add an entry. Raises ValueError if the name is taken: two applications would hide one another's."""
        if name in self:
            raise ValueError(f"{name} is registered already")
        self[name] = entry
