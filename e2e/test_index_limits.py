"""What an index does with clients that are slow, stubborn, many, or larger than its disk; and in whose words they hear it."""

from __future__ import annotations

import base64
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from support.answers import Answer
from support.index import UPLOADERS, Index, Uploader, form, post
from support.packages import Package, wheel
from support.program import Gateway

CHEESE = wheel("cheese", "1.0")
LARGE = wheel("cheese", "2.0", padding=30 << 20)

every_uploader = pytest.mark.parametrize("uploader", UPLOADERS, ids=str)


def connected(serving: Gateway) -> socket.socket:
    host, port = serving.origin.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), 20)


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


@contextmanager
def begun(serving: Gateway, token: str, package: Package = CHEESE, *, whole_form: bool = False) -> Iterator[socket.socket]:
    """An upload that has its place and whose file does not come."""
    fields = {"action": "file_upload", "protocol_version": "1", "name": package.project, "version": package.version,
              "filetype": "bdist_wheel"}
    content_type, body = form(fields, package)
    authorization = base64.b64encode(f"__token__:{token}".encode()).decode()
    head = (
        f"POST /legacy/ HTTP/1.1\r\nHost: index\r\nContent-Length: {len(body)}\r\nContent-Type: {content_type}\r\n"
        f"Authorization: Basic {authorization}\r\nExpect: 100-continue\r\n\r\n"
    )
    with connected(serving) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100"), "its turn"
        before_the_file = body.index(package.data)
        connection.sendall(body[: before_the_file if whole_form else 10])
        yield connection


def refused(connection: socket.socket) -> tuple[int, str]:
    """The status and the reason phrase of the answer."""
    answer = everything(connection).decode()
    found = re.match(r"HTTP/1\.1 (\d+) ([^\r]*)\r\n", answer)
    assert found, answer
    return int(found[1]), found[2]


# Connections


@pytest.mark.parametrize("sent", [b"", b"GET /simple/ HTTP/1.1\r\nHost: ind", b"POST /legacy/ HTTP/1.1\r\nHost: index\r\n"])
def test_a_head_that_does_not_come_ends_the_connection(sent: bytes, index: Index) -> None:
    with index.serve("--head-time", "1") as serving, connected(serving) as slow:
        slow.sendall(sent)
        assert b" 200 " not in everything(slow)


def test_byte_after_byte_is_no_head(index: Index) -> None:
    with index.serve("--head-time", "1") as serving, connected(serving) as slow:
        began = time.monotonic()
        with pytest.raises(OSError):
            for byte in b"GET /health/live HTTP/1.1\r\nHost: index\r\nX: " + b"x" * 1000:
                slow.sendall(bytes([byte]))
                slow.settimeout(0.05)
                try:
                    if not slow.recv(1):
                        raise ConnectionResetError
                except TimeoutError:
                    pass
        assert time.monotonic() - began < 10


def test_an_idle_connection_is_used_again_and_then_closed(index: Index) -> None:
    with index.serve("--head-time", "1") as serving, connected(serving) as kept:
        for _ in range(3):
            kept.sendall(b"GET /health/live HTTP/1.1\r\nHost: index\r\n\r\n")
            assert b"live" in kept.recv(1000)
        assert everything(kept) == b""


def test_more_connections_than_allowed_wait_for_their_turn(index: Index) -> None:
    with index.serve("--connections", "2", "--head-time", "2") as serving, connected(serving), connected(serving):
        began = time.monotonic()
        assert Answer(f"{serving.origin}/health/live").status == 200
        assert time.monotonic() - began > 0.5, "the idle ones had to go first"


def test_idle_connections_do_not_keep_a_server_from_stopping(index: Index) -> None:
    with index.serve() as serving, connected(serving) as idle, connected(serving):
        idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: index\r\n\r\n")
        assert b"live" in idle.recv(1000)
        serving.process.terminate()
        assert serving.process.wait(4) == 0, "well before anything is cut off"


# Slow uploads


def test_an_upload_of_which_nothing_comes_is_given_up(index: Index) -> None:
    with index.serve("--upload-idle", "1") as serving, begun(serving, index.token()) as stalling:
        answer = everything(stalling).decode()
        assert answer.startswith("HTTP/1.1 408 nothing of the upload came for 1 s; upload again\r\n"), answer
        assert "connection: close" in answer.lower() and '"detail":"nothing of the upload came for 1 s; upload again"' in answer
        assert list((index.folder / "staging").rglob(".tmp*")) == []
        assert post(serving, index.token(), CHEESE).status == 200


class StallingWay:
    """A way to a server on which only the beginning of what a client sends arrives, and all that the server answers."""

    def __init__(self, serving: Gateway, passes: int) -> None:
        self.serving, self.passes = serving, passes
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self) -> StallingWay:
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client: socket.socket) -> None:
        with client, connected(self.serving) as server:
            left = self.passes
            while left > 0 and (piece := client.recv(min(left, 65536))):
                server.sendall(piece)
                left -= len(piece)
            client.sendall(everything(server))
            client.shutdown(socket.SHUT_WR)
            everything(client)


@every_uploader
def test_tools_say_that_their_upload_stalled(uploader: Uploader, index: Index) -> None:
    with index.serve("--upload-idle", "1") as serving, StallingWay(serving, 1 << 20) as way:
        stalled = uploader.upload(index, way, index.token(), LARGE).failed()
        stalled.says("408", "nothing of the upload came for 1 s; upload again")


# Many uploads


@every_uploader
@pytest.mark.parametrize("options, words", [
    (("--upload-limit", "1"), "the most uploads that this index takes at once (1) are coming in already; try again later"),
    (("--token-upload-limit", "1"), "the most uploads with one token at once (1) are coming in already; try again later"),
], ids=["in-all", "of-a-token"])
def test_more_uploads_than_allowed_are_put_off(options: tuple, words: str, uploader: Uploader, index: Index) -> None:
    token = index.token()
    with index.serve(*options, "--upload-wait", "0") as serving:
        with begun(serving, token):
            uploader.upload(index, serving, token, CHEESE).failed().says("503", words)
            answer = post(serving, token, CHEESE)
            assert (answer.status, answer.reason, answer.headers["Retry-After"]) == (503, words, "30")
        uploader.upload(index, serving, token, CHEESE).succeeded()


@every_uploader
def test_an_upload_waits_for_its_turn(uploader: Uploader, index: Index) -> None:
    token = index.token()
    with index.serve("--upload-limit", "1", "--upload-idle", "2") as serving, begun(serving, token):
        uploader.upload(index, serving, token, CHEESE).succeeded()


def test_a_token_that_takes_all_its_places_leaves_those_of_others(index: Index) -> None:
    greedy, other = index.token(), index.token()
    with index.serve("--token-upload-limit", "2", "--upload-wait", "0") as serving, ExitStack() as many:
        for _ in range(2):
            many.enter_context(begun(serving, greedy))
        assert post(serving, greedy, CHEESE).status == 503
        assert post(serving, other, CHEESE).status == 200


# Other projects


@every_uploader
def test_a_token_of_another_project_hears_so_however_large_the_file(
    uploader: Uploader, index: Index, serving: Gateway
) -> None:
    token = index.token("--project", "bread")
    uploader.upload(index, serving, token, LARGE).failed().says("403", "this token may upload to bread only, not to cheese")


def test_of_another_projects_file_nothing_is_waited_for(index: Index, serving: Gateway) -> None:
    with begun(serving, index.token("--project", "bread"), whole_form=True) as uploading:
        assert refused(uploading) == (403, "this token may upload to bread only, not to cheese")


def test_a_token_of_a_project_sends_the_name_before_the_file(index: Index, serving: Gateway) -> None:
    def file_first(token: str) -> tuple[int, str]:
        content_type, body = form({"action": "file_upload", "protocol_version": "1", "version": "1.0",
                                   "filetype": "bdist_wheel"}, CHEESE)
        closing = body.rindex(b"\r\n--cheese")
        boundary = body[closing:].removesuffix(b"--\r\n")
        name = boundary + b'\r\nContent-Disposition: form-data; name="name"\r\n\r\ncheese'
        authorization = "Basic " + base64.b64encode(f"__token__:{token}".encode()).decode()
        answer = Answer(f"{serving.origin}/legacy/", "POST", body[:closing] + name + body[closing:],
                        Content_Type=content_type, Authorization=authorization)
        return answer.status, answer.reason

    words = "this token may upload to cheese only: send the field name before the file"
    assert file_first(index.token("--project", "cheese")) == (403, words)
    assert file_first(index.token()) == (200, "OK")


# Room


@every_uploader
def test_uploads_leave_room_for_the_publisher(uploader: Uploader, index: Index) -> None:
    words = "the index has no room for this upload: its disk is full; tell whoever operates it"
    with index.serve("--disk-reserve", str(1 << 40)) as serving:
        uploader.upload(index, serving, index.token(), LARGE).failed().says("507", words)
        serving.wait_for("there is no room for an upload")
        index.publish(CHEESE).succeeded()
    assert index.status()["files"] == 1
