"""``rr-explorer`` and ``python -m explorer``."""

import sys


def main() -> None:
    """Run the command line; it opens the app where that is what was asked for."""
    from explorer.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
