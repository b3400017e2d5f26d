"""Standard input to a file: what must be read twice cannot stay in a pipe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from sbtransfer.errors import WorkListError
from sbtransfer.worklist.places import Place

_COPY_BYTES = 1_048_576


@contextmanager
def spool(stream: BinaryIO, folder: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """Copy a binary stream to a temporary file and give its path; the file is removed at exit.

    Only its owner may read the file. It lies in `folder`, or where the system keeps temporary files. Raises
    `WorkListError` if it cannot be written.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(NamedTemporaryFile(prefix="sbtransfer-", dir=folder))  # mode 0600
            shutil.copyfileobj(stream, file, _COPY_BYTES)
            file.flush()
        except OSError as error:
            raise _not_spooled(error) from error
        yield Path(file.name)


def _not_spooled(error: OSError) -> WorkListError:
    return Place("standard input").error(
        f"cannot be copied to a temporary file ({error.strerror or error}): choose another folder"
    )
