"""The `sbtransfer` command, and `python -m sbtransfer`."""

import os
import signal
import sys

from sbtransfer.cli import cli


def hold_descriptors() -> None:
    """Fill the places of closed standard streams: another file in one of them would be taken for it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def main() -> None:
    """Run the command line."""
    hold_descriptors()
    # Wherever it strikes, SIGTERM is to leave nothing behind, just as Ctrl-C.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli()
    except OSError as error:  # help that cannot be written, to a full disk say; verbs have their own words
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
