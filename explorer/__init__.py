"""rr-explorer: which of these release files runs on musl, and how do you know?"""

__version__ = "0.1.0"
