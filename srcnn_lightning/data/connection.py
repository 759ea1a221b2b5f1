"""Requests to one address on a server, tried again after each break.

What remains wrong is one exception, `TransferFailed`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidURL, TooManyRedirects
from urllib3.exceptions import LocationParseError

from srcnn_lightning.console import print_line
from srcnn_lightning.data.archive import CHUNK, Advance, DamagedZip, UnreadableZip

PARALLEL = 4  # transfers at a time: enough to fill a line, few enough for a university's server
BUSY = (429, 500, 502, 503, 504)  # answers worth asking again for
REDIRECTS = 5

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """How long a server is waited for, in seconds.

    Attributes:
        connect_timeout: for a connection.
        read_timeout: for the next bytes.
        waits: before each further try; progress in between starts the list anew.
    """

    connect_timeout: float = 10
    read_timeout: float = 20
    waits: tuple[float, ...] = (0.5, 1, 2, 4)

    @property
    def timeout(self) -> tuple[float, float]:
        """As requests takes it."""
        return self.connect_timeout, self.read_timeout


class TransferFailed(UnreadableZip):
    """The server cannot be reached, or does not give the right bytes; says why in a few words."""


class NoAddress(TransferFailed):
    """What was given cannot be asked at all."""


class TransientError(UnreadableZip):
    """One try that did not succeed."""


class Stopped(Exception):  # noqa: N818 - it says what it is
    """Another transfer failed or the user interrupted: this one need not go on."""


class Connection:
    """Requests to one address.

    Attributes:
        url: the address.
        policy: of waiting for the server.
        session: of the requests library; whoever made the connection closes it.
        stop: set when no transfer need go on.
    """

    def __init__(self, url: str, policy: RetryPolicy) -> None:
        self.url = url
        self.policy = policy
        self.stop = threading.Event()
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"
        self.session.max_redirects = REDIRECTS
        self._may_say = threading.Semaphore(1)
        for scheme in ("http://", "https://"):
            # `retry` alone tries again: two layers would multiply, and a server's Retry-After,
            # which the lower one heeds, may be hours.
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=PARALLEL, max_retries=0))

    def ask(self, headers: dict[str, str], accept: tuple[int, ...] = ()) -> requests.Response:
        """An answer whose body is still to come; whoever asks closes it.

        Args:
            headers: beside those of every request.
            accept: statuses above 400 that are answers too.

        Raises:
            TransientError: no answer this time.
            TransferFailed: an answer that says no.
            NoAddress: the address is none.
        """
        try:
            response = self.session.get(
                self.url, headers=headers, stream=True, timeout=self.policy.timeout
            )
        except (InvalidURL, LocationParseError, UnicodeError) as error:
            raise NoAddress(reason(error)) from error
        except (TooManyRedirects, ValueError) as error:  # it leads in a circle, or to no server
            raise TransferFailed(reason(error)) from error
        except requests.RequestException as error:
            raise TransientError(reason(error)) from error
        if response.ok or response.status_code in accept:
            return response
        response.close()
        words = f"the server answers {response.status_code} {response.reason}"
        raise (TransientError if response.status_code in BUSY else TransferFailed)(words)

    @contextmanager
    def get(
        self, headers: dict[str, str], accept: tuple[int, ...] = ()
    ) -> Iterator[requests.Response]:
        """As `ask`, closed afterwards."""
        with self.ask(headers, accept) as response:
            yield response

    def retry(
        self,
        action: Callable[[], T],
        on_retry: Callable[[Exception], None] = lambda _: None,
        what: str = "",
        reached: Callable[[], int] = lambda: 0,
        waits: tuple[float, ...] | None = None,
    ) -> T:
        """Try an action again after each break; one that gets further each time may go on.

        The user learns of the first further try; one line is enough for a connection.

        Args:
            action: what is tried.
            on_retry: is called with the break before each further try.
            what: the action brings, for the error.
            reached: how far the action has come, in any unit.
            waits: in place of the policy's.

        Raises:
            TransferFailed: the last try broke, too, or the server says no.
            Stopped: this need not go on.
        """
        waits = self.policy.waits if waits is None else waits
        left, best = iter(waits), reached()
        while True:
            try:
                return action()
            except (TransientError, DamagedZip) as error:
                if reached() > best:
                    left, best = iter(waits), reached()
                wait = next(left, None)
                words = reason(error)
                if wait is None:
                    raise TransferFailed(f"{what}: {words}" if what else words) from error
                if not self.stop.is_set() and self._may_say.acquire(blocking=False):
                    print_line(f"{urlsplit(self.url).hostname}: {words}; trying again")
                on_retry(error)
            if self.stop.wait(wait):
                raise Stopped

    def ticker(self, advance: Advance) -> Advance:
        """`advance`, which also ends a transfer that is no longer wanted."""

        def tick(count: int) -> None:
            advance(count)
            if count >= 0 and self.stop.is_set():
                raise Stopped

        return tick


def body(response: requests.Response) -> Iterator[bytes]:
    """A response's bytes in chunks; a break is a `TransientError`, whatever requests calls it."""
    try:
        yield from response.iter_content(CHUNK)
    except requests.RequestException as error:
        raise TransientError(reason(error)) from error


def reason(error: BaseException) -> str:
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
