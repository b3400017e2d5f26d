"""The `sbtransfer` command, and `python -m sbtransfer`."""

import signal
import sys

from sbtransfer.cli import cli


def main() -> None:
    """Run the command line."""
    # Wherever it strikes, SIGTERM is to leave nothing behind, just as Ctrl-C.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli()
    except OSError as error:  # help that cannot be written, to a full disk say; verbs have their own words
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
