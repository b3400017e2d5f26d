"""What to do about an error that does not say so itself."""

from __future__ import annotations

import errno

from sbtransfer.errors import (
    APIError,
    CountError,
    NetworkError,
    SBTransferError,
    UnreadableAnswerError,
)

_SUPPORT = "if it stays so, ask the platform's support, with the request id that --log-file shows"
_LATER = "try again later; "
_BY_STATUS = {
    401: "get a new token if it has ended, and give it to 'sbtransfer configure' or in SB_AUTH_TOKEN",
    403: "ask the owner of the project or of the volume for permission",
}
_BY_NUMBER = {
    errno.ENOSPC: "make room on that disk, and run the command again",
    errno.EDQUOT: "make room on that disk, and run the command again",
    errno.EFBIG: "files may not grow that large here: see 'ulimit -f', or write to another disk",
    errno.EMFILE: "raise the number of files that may be open: 'ulimit -n 4096'",
    errno.EACCES: "check its permissions, or give another place",
    errno.EROFS: "give a place that can be written",
    errno.EADDRINUSE: "give another --port",
}
# The network's trouble reaches us as text alone: the exceptions that it was hold the token.
_BY_WORDS = {
    "CERTIFICATE_VERIFY_FAILED": "the certificate there is not trusted: if a proxy of yours has one of its "
    "own, name the file that certifies it in SSL_CERT_FILE",
    "[SSL: ": "what listens there does not speak https as it should: check the port, and proxies on the way",
    "ConnectorDNSError": "no such host is known here: check its spelling, and that others are reached",
    "cannot load the certificates": "check SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE",
}


def advice_for(error: BaseException) -> str | None:
    """Return what to do, `None` where the error says so itself or nobody knows."""
    match error:
        case APIError():
            return _BY_STATUS.get(error.status, f"{_LATER}{_SUPPORT}" if error.status >= 500 else _SUPPORT)
        case UnreadableAnswerError():
            return _SUPPORT
        case CountError():
            return "please report it, with the log that --log-file writes"
        case SBTransferError():
            return _by_words(error)
        case OSError():
            return _BY_NUMBER.get(error.errno or 0)
        case _:
            return None


def _by_words(error: SBTransferError) -> str | None:
    text = str(error)
    for words, advice in _BY_WORDS.items():
        if words in text:
            return advice
    lacking = isinstance(error, NetworkError) and "check" not in text
    return "check the network, and go on later" if lacking else None
