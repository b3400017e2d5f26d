"""Many processes and hosts that share one token's limits and one list, through one PostgreSQL database.

Needs `sbtransfer[postgres]`. The queue delivers each chunk at least once. What the database knows of each
item, and the reconciliation of calls that were not answered, make exactly once of that: an item is sent by
one worker, and again only when the platform has shown that it was not done.
"""

from sbtransfer.cluster.budget import SharedBudget
from sbtransfer.cluster.cluster import Cluster
from sbtransfer.cluster.journal import PostgresJournal
from sbtransfer.cluster.status import RunStatus
from sbtransfer.cluster.worker import Worker

__all__ = ["Cluster", "PostgresJournal", "RunStatus", "SharedBudget", "Worker"]
