"""The vocabulary of docs/visibility-cases.toml: each sentence is done by those who would do it.

A step is matched by one pattern and runs through the operations; only what no operation does yet
(a person is shut off, time passes) is written over the owner's connection.
"""

from . import (
    conferences,
    consent,
    emergency,
    household,
    people,
    records,
    sheets,
    shields,
    splitting,
)
from .vocabulary import Situation

__all__ = [
    "Situation",
    "conferences",
    "consent",
    "emergency",
    "household",
    "people",
    "records",
    "sheets",
    "shields",
    "splitting",
]
