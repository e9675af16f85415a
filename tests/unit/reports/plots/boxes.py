"""Rectangles, to measure what covers what in a picture."""

from typing import NamedTuple


class Box(NamedTuple):
    """An upright rectangle in pixels, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Box") -> bool:
        """Return True if the two share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def within(self, other: "Box") -> bool:
        """Return True if no part is outside of `other`."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.bottom <= self.bottom and self.top <= other.top
