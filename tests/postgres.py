"""A PostgreSQL server of one's own, for tests and benchmarks: private, made up, and gone afterwards."""

from __future__ import annotations

import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, LiteralString, Self

import psycopg
from psycopg import sql

USER = "rosa"
"""The superuser, who needs no password."""

GUARDED = "guarded"
"""Who needs a password; a test that wants this user creates it."""

_ACCESS = f"""\
host  all {GUARDED} 127.0.0.1/32 scram-sha-256
host  all {USER}    127.0.0.1/32 trust
local all {USER}                 trust
"""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": 200,
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm is tiny in many a container
    "fsync": "off",
    "synchronous_commit": "off",  # as a careless administrator has it: who needs it, says so
    "full_page_writes": "off",
    "timezone": "UTC",
}

_WATCHER = """\
cat
read -r pid 2>/dev/null <"$0/data/postmaster.pid" && kill -QUIT "$pid" && sleep 1
rm -rf "$0"
"""
"""Outlives its parent, whose end it sees at its input: no server stays behind, not even after a kill -9."""

_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_PATIENCE = 60.0


class Server:
    """A server that listens on a free port of this machine alone.

    All that it writes is in a new folder (within `folder`, else the system's temporary one), which `close`
    removes. `with Server() as server` starts and closes it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        binaries = self.found()
        if binaries is None:
            raise FileNotFoundError("PostgreSQL is not installed: apt install postgresql")
        self.binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="sbtransfer-pg-", dir=folder))
        self.port = a_free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHER, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @staticmethod
    def found() -> Path | None:
        """Return the folder of the newest PostgreSQL's programs; `None` where none is installed."""
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
        if config := shutil.which("pg_config"):
            told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
            folders.append(Path(told.stdout.strip()))
        if initdb := shutil.which("initdb"):
            folders.append(Path(initdb).resolve().parent)
        return next((each for each in folders if _has_all(each)), None)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def url(self, database: str, *, user: str = USER, password: str | None = None) -> str:
        who = user if password is None else f"{user}:{password}"
        return f"postgresql://{who}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers; after a `kill` it recovers first."""
        if not (self.folder / "data").exists():
            self._initialise()
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            if time.monotonic() > until:
                raise TimeoutError(f"PostgreSQL does not start:\n{self.log()[-2000:]}")
            if not self.is_running:
                # The processes of a postmaster that was killed may need a moment to see it and to end.
                self._launch()
            time.sleep(0.05)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it if it runs: open transactions are rolled back, or, with "immediate", just cut off."""
        self._end(_SIGNALS[mode])

    def kill(self) -> None:
        """End it as a lost machine would: kill -9."""
        self._end(signal.SIGKILL)

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        self.stop(mode)
        self.start()

    def close(self) -> None:
        """Stop it and remove all that it wrote."""
        self.stop("immediate")
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()
        self._watcher.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def create(self, database: str, template: str | None = None) -> str:
        """Create a database, as a copy of `template` if one is given; return its URL."""
        source = sql.SQL("TEMPLATE {}").format(sql.Identifier(template or "template1"))
        self.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(database), source))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database if there is such a one; whoever is connected to it is cut off."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def databases(self) -> list[str]:
        """Return the names of all databases."""
        with psycopg.connect(self.url("postgres")) as connection:
            return [name for (name,) in connection.execute("SELECT datname FROM pg_database")]

    def execute(self, statement: sql.Composed | LiteralString, database: str = "postgres") -> None:
        """Execute one statement as the superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def log(self) -> str:
        """Return what the server has written to its log."""
        file = self.folder / "log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def _initialise(self) -> None:
        account = _account()
        if account is not None:
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        words = f"--no-sync --no-instructions -U {USER} -A trust -E UTF8 --locale=C".split()
        self._run([self.binaries / "initdb", "-D", self.folder / "data", *words]).wait()
        if not (self.folder / "data" / "PG_VERSION").exists():
            raise RuntimeError(f"initdb failed:\n{self.log()}")
        (self.folder / "data" / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")

    def _launch(self) -> None:
        settings = _SETTINGS | {"port": self.port, "unix_socket_directories": self.folder}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._process = self._run([self.binaries / "postgres", "-D", self.folder / "data", *options])

    def _run(self, command: list[Path | str]) -> subprocess.Popen[bytes]:
        account = _account()
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                start_new_session=True,  # Ctrl-C is for the tests; they stop it in their own time.
                user=None if account is None else account.pw_uid,
                group=None if account is None else account.pw_gid,
                extra_groups=None if account is None else [],
            )

    def _answers(self) -> bool:
        if not self.is_running:
            return False
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            return True
        return False

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
        process.wait(_PATIENCE)


def a_free_port() -> int:
    """Return a port that is free and that no outgoing connection will take while the server is down."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _account() -> pwd.struct_passwd | None:
    """Return whom the server runs as, which refuses to run as root."""
    if os.getuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _version(folder: Path) -> int:
    number = re.match(r"\d+", folder.parent.name)
    return int(number[0]) if number else 0


def _has_all(folder: Path) -> bool:
    return all((folder / name).exists() for name in ("initdb", "postgres"))
