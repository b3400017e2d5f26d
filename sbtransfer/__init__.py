"""sbtransfer: file lists of any length through the bulk API of the Seven Bridges platforms.

The names below are all there is; each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sbtransfer.client import Client as Client
    from sbtransfer.errors import (
        APIError as APIError,
        ClusterError as ClusterError,
        ClusterRefusedError as ClusterRefusedError,
        ConsecutiveFailuresError as ConsecutiveFailuresError,
        CountError as CountError,
        DatabaseAwayError as DatabaseAwayError,
        InvalidItemError as InvalidItemError,
        JournalError as JournalError,
        JournalRefusedError as JournalRefusedError,
        NetworkError as NetworkError,
        NoAnswerError as NoAnswerError,
        NotSentError as NotSentError,
        OutageError as OutageError,
        SBTransferError as SBTransferError,
        SessionLostError as SessionLostError,
        SettingsError as SettingsError,
        UnauthorizedError as UnauthorizedError,
        UnreadableAnswerError as UnreadableAnswerError,
        UsageError as UsageError,
        WorkListError as WorkListError,
    )
    from sbtransfer.items import (
        DRSImport as DRSImport,
        Item as Item,
        VolumeExport as VolumeExport,
        VolumeImport as VolumeImport,
    )
    from sbtransfer.journal import JournalReader as JournalReader, SQLiteJournal as SQLiteJournal
    from sbtransfer.limits import Limits as Limits
    from sbtransfer.models import (
        ErrorRecord as ErrorRecord,
        Outcome as Outcome,
        OutcomeState as OutcomeState,
        Summary as Summary,
    )
    from sbtransfer.polling import Polling as Polling
    from sbtransfer.progress import Progress as Progress
    from sbtransfer.resources import (
        ExportJob as ExportJob,
        FileDetails as FileDetails,
        ImportJob as ImportJob,
        Project as Project,
        RateLimit as RateLimit,
        User as User,
        Volume as Volume,
        VolumeFolder as VolumeFolder,
        VolumeObject as VolumeObject,
    )
    from sbtransfer.run import TransferRun as TransferRun
    from sbtransfer.sources import (
        LiveSource as LiveSource,
        PagedSource as PagedSource,
        ProjectItems as ProjectItems,
        VolumeItems as VolumeItems,
    )
    from sbtransfer.verify import Verified as Verified
    from sbtransfer.worklist import WorkList as WorkList

_HOMES = {
    "client": ("Client",),
    "errors": (
        "APIError",
        "ClusterError",
        "ClusterRefusedError",
        "ConsecutiveFailuresError",
        "CountError",
        "DatabaseAwayError",
        "InvalidItemError",
        "JournalError",
        "JournalRefusedError",
        "NetworkError",
        "NoAnswerError",
        "NotSentError",
        "OutageError",
        "SBTransferError",
        "SessionLostError",
        "SettingsError",
        "UnauthorizedError",
        "UnreadableAnswerError",
        "UsageError",
        "WorkListError",
    ),
    "items": ("DRSImport", "Item", "VolumeExport", "VolumeImport"),
    "journal": ("JournalReader", "SQLiteJournal"),
    "limits": ("Limits",),
    "models": ("ErrorRecord", "Outcome", "OutcomeState", "Summary"),
    "polling": ("Polling",),
    "progress": ("Progress",),
    "resources": (
        "ExportJob",
        "FileDetails",
        "ImportJob",
        "Project",
        "RateLimit",
        "User",
        "Volume",
        "VolumeFolder",
        "VolumeObject",
    ),
    "run": ("TransferRun",),
    "sources": ("LiveSource", "PagedSource", "ProjectItems", "VolumeItems"),
    "verify": ("Verified",),
    "worklist": ("WorkList",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [
    "__version__",
    *_HOME_OF,
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
