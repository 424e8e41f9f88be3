"""videostyle turns film into moving paintings."""

__version__ = "0.1.0"
