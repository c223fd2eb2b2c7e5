"""The version of this software, as a node reports it."""

from typing import Final

VERSION: Final = "0.1.0"
