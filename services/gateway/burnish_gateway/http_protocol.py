"""HTTP/1.1 at the socket: uvicorn's parser, and our one error schema also for what is no request at all (PROMISES G-08)."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from burnish_gateway.wire import error_response
from burnish_shared.errors import BadRequest
from burnish_shared.ids import new_uuid


class HttpProtocol(HttpToolsProtocol):
    """What the parser refuses never reaches the application: its answer is written here. A gateway that stops lets its clients go first."""

    is_leaving = False

    def leave(self) -> None:
        """Each answer that has not begun tells the client to use another connection; one that has, leaves it open. Idempotent."""
        self.is_leaving = True
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.is_leaving:
            self.leave()

    def send_400_response(self, msg: str) -> None:
        """Answers a request line or header that is malformed or longer than the parser takes, and closes the connection."""
        error = BadRequest("The request line or a header is malformed or too long; send HTTP/1.1 with at most 64 KiB of either.")
        answer = error_response(error, request_id=f"req_{new_uuid().hex}")
        answer.headers["connection"] = "close"
        lines = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in answer.raw_headers), b"", bytes(answer.body)]
        self.transport.write(b"\r\n".join(lines))
        self.transport.close()
