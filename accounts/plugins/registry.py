"""A named list that is filled while the applications are loaded, by `AppConfig.ready()`."""

from collections.abc import ItemsView, ValuesView
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Entries by name, in the order in which they were added."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def register(self, name: str, entry: Entry) -> None:
        """Add an entry; the same name again takes the place of the former one."""
        self.entries[name] = entry

    def __getitem__(self, name: str) -> Entry:
        return self.entries[name]

    def get(self, name: str) -> Entry | None:
        return self.entries.get(name)

    def items(self) -> ItemsView[str, Entry]:
        return self.entries.items()

    def values(self) -> ValuesView[Entry]:
        return self.entries.values()
