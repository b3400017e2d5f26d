"""What the platform says no with: one exception, rendered as the standard error record."""

from enum import IntEnum
from typing import Any

MORE_INFO = "https://docs.sevenbridges.com/docs/api-status-codes"


class Code(IntEnum):
    """Error codes; the first digit names the family, as in the platform's documentation.

    Documented are 0, 1000, 5002 and 9002. The others are this simulator's own choice within their families,
    so that a client must not decide by them.
    """

    MAINTENANCE = 0
    RATE_LIMIT = 1000
    UNAUTHORIZED = 1001
    NO_SUCH_PATH = 1002
    WRONG_METHOD = 1003
    BAD_REQUEST = 1004
    READ_ONLY_PROJECT = 3001
    NO_PROJECT = 3002
    NO_FILE = 5002
    NO_FOLDER = 5003
    UNAVAILABLE = 7000
    READ_ONLY_VOLUME = 9001
    NO_VOLUME = 9002
    NO_JOB = 9003
    NO_OBJECT = 9004
    ALIAS = 9005
    UNRESOLVED = 9006
    INACTIVE_VOLUME = 9007
    OTHER_REGION = 9008
    PUBLIC_FILE = 9009
    OBJECT_EXISTS = 9010


class RefusalError(Exception):
    """A refusal of one item or of a whole call; who catches it decides which."""

    def __init__(self, status: int, code: Code, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def record(self) -> dict[str, Any]:
        """Return the refusal as the platform's error body."""
        return {
            "status": self.status,
            "code": self.code.value,
            "message": self.message,
            "more_info": MORE_INFO,
        }
