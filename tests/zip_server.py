"""A real HTTP server on loopback that holds one zip, and can misbehave in the ways servers do."""

import io
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

FOREVER = 10**9


def png(side: int, seed: int) -> bytes:
    """Noise, which does not compress: as many bytes as a real image of a larger side."""
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=1)
    return file.getvalue()


def make_zip(images: dict[str, bytes], *, deflated: bool = False) -> bytes:
    """A zip with the members in the given order."""
    file = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in images.items():
            archive.writestr(zipfile.ZipInfo(name, (2017, 3, 1, 12, 0, 0)), content, method)
    return file.getvalue()


@dataclass
class Behaviour:
    """What the server holds, how it fails, and what it was asked for."""

    content: bytes
    ranges: bool = True
    size_known: bool = True  # else HEAD gives no size, and a range's answer gives * for it
    status: int = 0  # this answer instead of any other
    statuses: int = FOREVER  # so often
    healthy: int = 0  # requests answered well before
    retry_after: str = ""  # headers beside that status
    location: str = ""
    break_after: int = FOREVER  # bytes of an answer, then the line is cut
    breaks: int = FOREVER  # so often
    wrong_byte: int = -1  # of this one bits are flipped
    flip: int = 0x10  # these
    wrongs: int = FOREVER  # so often
    stall_after: int = FOREVER  # bytes of an answer, then nothing more
    stalls: int = FOREVER  # so often
    spares_directory: bool = False  # its request neither breaks off nor stalls
    pause_s: float = 0  # after each chunk, to be slow
    asked_at: list[float] = field(default_factory=list)  # seconds, of every request
    requests: list[tuple[int, int]] = field(default_factory=list)  # first and last byte of answers
    at_once: int = 0
    most_at_once: int = 0
    sent: int = 0  # bytes of bodies
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def times(self, start: int, end: int) -> int:
        """How many requests asked for these bytes alone, or for part of them; a directory no."""
        return sum(start <= first < last < end for first, last in self.requests)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        behaviour: Behaviour = self.server.behaviour  # type: ignore[attr-defined]
        with behaviour.lock:
            behaviour.asked_at.append(time.monotonic())
            behaviour.at_once += 1
            behaviour.most_at_once = max(behaviour.most_at_once, behaviour.at_once)
        try:
            self.answer(behaviour)
        finally:
            with behaviour.lock:
                behaviour.at_once -= 1

    def do_HEAD(self) -> None:
        self.do_GET()

    def answer(self, behaviour: Behaviour) -> None:
        is_healthy = len(behaviour.asked_at) <= behaviour.healthy
        if behaviour.status and behaviour.statuses > 0 and not is_healthy:
            behaviour.statuses -= 1
            self.send_response(behaviour.status)
            for name, value in (
                ("Retry-After", behaviour.retry_after),
                ("Location", behaviour.location),
            ):
                if value:
                    self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content, size = behaviour.content, len(behaviour.content)
        if self.command == "HEAD":
            self.send_response(200)
            if behaviour.size_known:
                self.send_header("Content-Length", str(size))
            self.end_headers()
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = 0, size - 1
        if wanted and behaviour.ranges:
            first = int(wanted[1])
            last = min(int(wanted[2] or last), last)
            if first >= size:
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            known = size if behaviour.size_known else "*"
            self.send_header("Content-Range", f"bytes {first}-{last}/{known}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(last - first + 1))
        # Before the answer: whoever has it may ask again before this thread goes on.
        with behaviour.lock:
            behaviour.requests.append((first, last))
        self.end_headers()
        body = bytearray(content[first : last + 1])
        if first <= behaviour.wrong_byte <= last and behaviour.wrongs > 0:
            behaviour.wrongs -= 1
            body[behaviour.wrong_byte - first] ^= behaviour.flip
        is_directory = first > 0 and last == size - 1
        may_fail = not (behaviour.spares_directory and is_directory)
        self.send(behaviour, bytes(body), may_fail=may_fail)

    def send(self, behaviour: Behaviour, body: bytes, *, may_fail: bool) -> None:
        chunk = 1 << 14
        for start in range(0, len(body), chunk):
            if may_fail and start >= behaviour.break_after and behaviour.breaks > 0:
                behaviour.breaks -= 1
                self.close_connection = True
                return
            if may_fail and start >= behaviour.stall_after and behaviour.stalls > 0:
                behaviour.stalls -= 1
                behaviour.closing.wait(30)
                self.close_connection = True
                return
            self.wfile.write(body[start : start + chunk])
            with behaviour.lock:
                behaviour.sent += len(body[start : start + chunk])
            if behaviour.pause_s:
                time.sleep(behaviour.pause_s)


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that goes away is what several tests are about."""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve on a free port of loopback; `behaviour.url` is the folder that holds the zip."""
    server = Server(("127.0.0.1", 0), Handler)
    server.behaviour = behaviour  # type: ignore[attr-defined]
    behaviour.url = f"http://127.0.0.1:{server.server_port}/DIV2K/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield behaviour
    finally:
        behaviour.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
