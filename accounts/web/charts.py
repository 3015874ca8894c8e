"""Small charts as SVG that the server writes: no script, no inline style, colours from the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

STEP, GAP = 10, 2  # units of the picture: a column and the space after it
HEIGHT = 100


@dataclass(frozen=True)
class Column:
    """A column of a chart: where it stands, how high the whole is, and how high the part of it."""

    left: int
    whole: int
    part: int

    @property
    def top(self) -> int:
        return HEIGHT - self.whole

    @property
    def top_of_part(self) -> int:
        return HEIGHT - self.part


@dataclass(frozen=True)
class Chart:
    """Columns of equal width, as high as the picture for the largest whole. All numbers are whole units."""

    columns: Sequence[Column]

    @property
    def width(self) -> int:
        return len(self.columns) * STEP - GAP

    height = HEIGHT
    column_width = STEP - GAP


def columns(values: Sequence[tuple[int, int]]) -> Chart | None:
    """Return the chart of these parts and wholes, from left to right; None of fewer than two."""
    if len(values) < 2:
        return None
    most = max(1, *(whole for _part, whole in values))
    return Chart(
        [Column(n * STEP, scaled(whole, most), scaled(part, most)) for n, (part, whole) in enumerate(values)]
    )


def scaled(value: int, most: int) -> int:
    """Return the height of a value. What is more than nothing can be seen."""
    return max(1, round(value * HEIGHT / most)) if value > 0 else 0
