"""What stops a command, in one line that says what to do; where it came from is shown by --debug alone."""

import resource
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Faults
from tests.acceptance.commands import TOKEN, Done, Serve, Served, imports, sbtransfer

pytestmark = pytest.mark.usefixtures("folder")


def told(done: Done) -> str:
    """Return the one line of an error before which nothing was sent."""
    error, after = done.stderr.splitlines()
    assert after == "Nothing was sent."
    return error


def asked(endpoint: str, **env: str) -> Done:
    args = ("import", imports("rfranklin/input"), "--endpoint", endpoint, "--connect-timeout", "1")
    return sbtransfer(*args, env={"SB_AUTH_TOKEN": TOKEN, **env})


@pytest.fixture
def self_signed() -> Iterator[str]:
    """An endpoint with a certificate that nobody has signed but itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
    subprocess.run((*new, "-keyout", "key.pem", "-out", "certificate.pem"), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("certificate.pem", "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def shake_hands() -> None:
            with suppress(OSError):  # the listener is closed at the end
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError), connection:
                        context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}/v2"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_certificate_that_is_not_trusted(self_signed: str) -> None:
    done = asked(self_signed)
    assert done.returncode == Exit.UNREACHABLE
    assert told(done).startswith(f"Error: {self_signed} could not be reached within 1 s")
    assert told(done).endswith("name the file that certifies it in SSL_CERT_FILE")


def test_certificates_that_are_not_there() -> None:
    done = asked("https://localhost:1/v2", REQUESTS_CA_BUNDLE="nowhere.pem")
    assert done.returncode == Exit.USAGE
    assert "cannot load the certificates of nowhere.pem" in told(done)
    assert told(done).endswith("check SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE")


def test_a_service_without_encryption(served: Served) -> None:
    done = asked(served.url.replace("http://", "https://"))
    assert done.returncode == Exit.UNREACHABLE
    assert "does not speak https" in told(done)


def test_a_host_that_nobody_knows() -> None:
    done = asked("https://nowhere.invalid/v2")
    assert done.returncode == Exit.UNREACHABLE
    assert "no such host is known here: check its spelling" in told(done)


def test_a_token_that_ends_in_the_middle(serve: Serve) -> None:
    served = serve(faults=Faults.parse("revoked=8", seed=1))
    done = sbtransfer("import", imports(*["rfranklin/input"] * 500), served=served)
    assert done.returncode == Exit.REFUSED
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "get a new token if it has ended, and give it to 'sbtransfer configure'" in errors[0]
    assert "Traceback" not in done.stderr


def test_a_disk_that_is_full(served: Served) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    args = ("import", imports(*["rfranklin/input"] * 1000), "--journal", "j")
    done = sbtransfer(*args, served=served, before=no_room)
    assert done.returncode == Exit.INCOMPLETE
    assert "Error: j: " in done.stderr
    assert "then resume the run with the same journal" in done.stderr
    assert "Traceback" not in done.stderr
