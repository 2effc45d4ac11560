"""Numbers as one writes them in Spanish."""

from __future__ import annotations


def decimal(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace(".", ",")


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
