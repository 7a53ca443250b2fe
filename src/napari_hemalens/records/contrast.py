"""Whether letters can be read on a ground: contrast as WCAG 2.2 defines it.

https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

READABLE = 4.5
"""Least contrast of text (success criterion 1.4.3, level AA)."""

SEEN = 3.0
"""Least contrast of lines and marks that mean something (1.4.11)."""


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (#rrggbb), 1 to 21, whichever of the two is the ground."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink_on(ground: str) -> str:
    """Return black or white, whichever is read better on a colour (#rrggbb); its contrast is 4.58 at least."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, ground))


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour: 0 for black, 1 for white."""
    red, green, blue = (_linear(part / 255) for part in bytes.fromhex(colour.removeprefix("#")[:6]))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
