"""Requests to one address on a server, tried again after each break.

What remains wrong is one exception, `TransferFailed`.
"""

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from zipfile import BadZipFile

import requests
from remotezip import RemoteZipError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from srcnn_lightning.data.archive import CHUNK, Advance

PARALLEL = 4  # transfers at a time: enough to fill a line, few enough for a university's server
BUSY = (429, 500, 502, 503, 504)  # answers worth asking again for

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for, in seconds.

    Attributes:
        connect: for a connection.
        read: for the next bytes.
        waits: before each further try; progress in between starts the list anew.
    """

    connect: float = 10
    read: float = 20
    waits: tuple[float, ...] = (0.5, 1, 2, 4)

    @property
    def timeout(self) -> tuple[float, float]:
        """As requests takes it."""
        return self.connect, self.read


class TransferFailed(Exception):  # noqa: N818 - it says what it is
    """The server cannot be reached, or does not give the right bytes; says why in a few words."""


class Broken(Exception):  # noqa: N818
    """One try that did not succeed."""


class Stopped(Exception):  # noqa: N818
    """Another transfer failed or the user interrupted: this one need not go on."""


# What a broken transfer or a wrong byte may show as, in remotezip, zipfile, zlib and urllib3.
BREAKS = (Broken, RemoteZipError, BadZipFile, EOFError, zlib.error, HTTPError)


class Connection:
    """Requests to one address.

    Attributes:
        url: the address.
        patience: with the server.
        session: of the requests library; whoever made the connection closes it.
        stop: set when no transfer need go on.
    """

    def __init__(self, url: str, patience: Patience) -> None:
        self.url = url
        self.patience = patience
        self.stop = threading.Event()
        retry = Retry(
            total=None,
            connect=0,  # breaks are tried again by persist alone: two layers would multiply
            read=0,
            other=0,
            redirect=5,
            status=len(patience.waits),
            status_forcelist=BUSY,
            backoff_factor=min(patience.waits, default=0),
            raise_on_status=False,
        )
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=PARALLEL, max_retries=retry))

    @contextmanager
    def get(
        self, headers: dict[str, str], accept: tuple[int, ...] = ()
    ) -> Iterator[requests.Response]:
        """An answer whose body is still to come.

        Args:
            headers: beside those of every request.
            accept: statuses above 400 that are answers too.

        Raises:
            Broken: no answer this time.
            TransferFailed: an answer that says no.
        """
        try:
            response = self.session.get(
                self.url, headers=headers, stream=True, timeout=self.patience.timeout
            )
        except requests.RequestException as error:
            raise Broken(_reason(error)) from error
        with response:
            if not response.ok and response.status_code not in accept:
                raise TransferFailed(f"the server answers {response.status_code} {response.reason}")
            yield response

    def persist(
        self,
        action: Callable[[], T],
        before_again: Callable[[], None] = lambda: None,
        what: str = "",
        reached: Callable[[], int] = lambda: 0,
        waits: tuple[float, ...] | None = None,
    ) -> T:
        """Try an action again after each break; one that gets further each time may go on.

        Args:
            action: what is tried.
            before_again: is called before each further try.
            what: the action brings, for the error.
            reached: how far the action has come, in any unit.
            waits: in place of the patience's.

        Raises:
            TransferFailed: the last try broke, too.
            Stopped: this need not go on.
        """
        waits = self.patience.waits if waits is None else waits
        left, best = iter(waits), reached()
        while True:
            try:
                return action()
            except BREAKS as error:
                if reached() > best:
                    left, best = iter(waits), reached()
                wait = next(left, None)
                if wait is None:
                    reason = _reason(error)
                    raise TransferFailed(f"{what}: {reason}" if what else reason) from error
            before_again()
            if self.stop.wait(wait):
                raise Stopped

    def ticker(self, advance: Advance) -> Advance:
        """`advance`, which also ends a transfer that is no longer wanted."""

        def tick(count: int) -> None:
            advance(count)
            if count > 0 and self.stop.is_set():
                raise Stopped

        return tick


def body(response: requests.Response) -> Iterator[bytes]:
    """A response's bytes in chunks; a break is `Broken`, whatever requests calls it."""
    try:
        yield from response.iter_content(CHUNK)
    except requests.RequestException as error:
        raise Broken(_reason(error)) from error


def _reason(error: BaseException) -> str:
    """A few words for what requests and urllib3 say in many."""
    text = f"{error!r} {error.__cause__!r} {error.__context__!r} {error}"
    for sign, words in (
        ("NameResolution", "the host's name is not known here"),
        ("Connection refused", "connection refused"),
        ("CERTIFICATE_VERIFY", "its certificate is not trusted"),
        ("ConnectTimeout", "no connection in time"),
        ("timed out", "the server stalled"),
        ("IncompleteRead", "the transfer broke off"),
        ("Connection reset", "the transfer broke off"),
        ("Connection aborted", "the transfer broke off"),
        ("Bad CRC", "wrong bytes by its CRC"),
    ):
        if sign in text:
            return words
    return " ".join(str(error).split()) or type(error).__name__
