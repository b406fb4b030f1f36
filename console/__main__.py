"""`python -m console` and the `rowsight` command."""

import sys


def main() -> int:
    """Runs the command line and returns its exit code."""
    from console.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
