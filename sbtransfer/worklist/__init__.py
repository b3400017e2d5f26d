"""Files to items: the work lists that users already have, read lazily and checked row by row."""

from sbtransfer.worklist.checks import Check
from sbtransfer.worklist.formats import Format
from sbtransfer.worklist.spool import spool
from sbtransfer.worklist.survey import Names, Places, Survey
from sbtransfer.worklist.traps import Trap
from sbtransfer.worklist.worklist import WorkList

__all__ = ["Check", "Format", "Names", "Places", "Survey", "Trap", "WorkList", "spool"]
