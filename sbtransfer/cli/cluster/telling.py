"""What a worker says of itself and of the runs that it works on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import define, field
from rich.console import Console

from sbtransfer.cli.cluster.advice import advice_on
from sbtransfer.cli.cluster.table import line
from sbtransfer.cli.console import say
from sbtransfer.cli.units import count
from sbtransfer.cluster.status import RunStatus
from sbtransfer.errors import ClusterError
from sbtransfer.journal import Owner


def leaving(console: Console) -> None:
    """Say what happens after the first Ctrl-C."""
    say(
        console,
        "Leaving once the calls that are on their way are answered; the rest goes to other workers."
        " Ctrl-C again to leave at once.",
    )


@define
class Telling:
    """Tells a person, `every` so many seconds of what goes on; with `quiet`, of what goes wrong alone."""

    console: Console
    quiet: bool = False
    every: float = 10.0
    _leads: bool = field(init=False, default=False)
    _sent: int = field(init=False, default=0)
    _told: dict[int, str] = field(init=False, factory=dict)

    def began(self, owner: Owner, concurrency: int) -> None:
        """Say for whom it works."""
        self._tell(
            f"worker for {owner.username} at {owner.endpoint}, {count(concurrency, 'chunk')} at a time"
        )

    def found(self, runs: Sequence[RunStatus]) -> None:
        """Say what there is to do."""
        going_on = [run for run in runs if not run.is_finished]
        self.stand(going_on)
        if not going_on:
            self._tell("nothing to send yet")

    def role(self, *, leads: bool) -> None:
        """Say when it begins or ceases to be the follower."""
        if leads is self._leads:
            return
        self._leads = leads
        self._tell("this worker follows the jobs of all" if leads else "no longer the one that follows")

    def sent(self, chunks: int) -> None:
        """Say how many chunks it has sent, if that has changed."""
        if chunks != self._sent:
            self._sent = chunks
            self._tell(f"{count(chunks, 'chunk')} sent by this worker; another one follows the jobs")

    def stand(self, runs: Sequence[RunStatus]) -> None:
        """Say how runs stand, as far as that has changed."""
        for run in runs:
            if (text := line(run)) != self._told.get(run.id, text if run.is_finished else None):
                self._told[run.id] = text
                self._tell(text)

    def trouble(self, error: ClusterError) -> None:
        """Say that the database does not answer just now."""
        say(self.console, f"{error}; goes on once it answers", "yellow")

    def ended(self, runs: Collection[RunStatus]) -> None:
        """Say how all ended that was to be done."""
        for run in runs:
            if not (run.ok and self.quiet):
                say(self.console, line(run), "bold green" if run.ok else "bold red")
                for one in advice_on(run):
                    say(self.console, one)
        if not runs:
            self._tell("nothing to do: all runs are finished")

    def _tell(self, text: str, style: str = "") -> None:
        if not self.quiet:
            say(self.console, text, style)
