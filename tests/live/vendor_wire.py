"""What a client sends over a connection, taken down between it and a server: requests, frames of WebSockets and messages of gRPC.

What differs from run to run is replaced: keys by KEY, random ids by ID, times by TIME; of audio the first four bytes stay.
"""

import base64
import json
import re
import socket
import threading
import time

KEY = "a-key"
# The others say what the client is made of.
HEADERS = {
    "anthropic-version",
    "api-subscription-key",
    "authorization",
    "cartesia-version",
    "content-type",
    "ocp-apim-subscription-key",
    "x-api-key",
    "x-microsoft-outputformat",
    "xi-api-key",
}
UNSTEADY = [
    (re.compile(r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "ID"),
    (re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{32}(?![0-9a-fA-F])"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(rf"\b{KEY}\b"), "KEY"),
]
AUDIO = 4
# Of a WAV file's beginning, all of its header.
WAVE = 44
# What Azure's package tells of itself and of the machine it runs on.
ABOUT = {"speech.config", "telemetry"}
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def steady(said):
    """The same in every run."""
    if isinstance(said, dict):
        return {key: audio(value) if key == "audio" and isinstance(value, str) else steady(value) for key, value in said.items()}
    if isinstance(said, list):
        return [steady(value) for value in said]
    if isinstance(said, str):
        for pattern, fixed in UNSTEADY:
            said = pattern.sub(fixed, said)
    return said


def audio(text):
    return base64.b64encode(base64.b64decode(text)[:AUDIO]).decode()


class Wire:
    """A server in front of the one at this address. It passes everything on both ways, and keeps what clients have said."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.server = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = []
        self.threads = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.server)
            kept = bytearray()
            self.connections.append(kept)
            self.start(client, server, kept)
            self.start(server, client, bytearray())

    def start(self, source, sink, kept):
        thread = threading.Thread(target=self.pass_on, args=(source, sink, kept), daemon=True)
        self.threads.append(thread)
        thread.start()

    def pass_on(self, source, sink, kept):
        try:
            while chunk := source.recv(65_536):
                kept += chunk
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # The other side has left.

    def record(self, patience):
        """All that was said, connection by connection, as lines of JSON; the same twice in a row stands once. Waits so long for what is on its way."""
        until = time.monotonic() + patience
        for thread in self.threads:
            thread.join(max(0, until - time.monotonic()))
        said = [line for connection in self.connections for line in spoken(bytes(connection))]
        lines = [json.dumps(steady(line), ensure_ascii=False, sort_keys=True) for line in said]
        return [line for n, line in enumerate(lines) if n == 0 or line != lines[n - 1]]


def spoken(kept):
    if kept.startswith(HTTP2):
        yield from messages(kept[len(HTTP2) :])
        return
    while b"\r\n\r\n" in kept:
        head, kept = kept.split(b"\r\n\r\n", 1)
        first, *rest = head.decode().split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in rest)}
        method, target, _ = first.split(" ")
        said = {"request": f"{method} {target}", "headers": {name: value for name, value in headers.items() if name in HEADERS}}
        if headers.get("upgrade", "").lower() == "websocket":
            yield said
            yield from frames(kept)
            return
        length = int(headers.get("content-length", "0"))
        body, kept = kept[:length], kept[length:]
        is_json = body.startswith((b"{", b"["))
        yield {**said, "body": json.loads(body) if is_json else body.decode()} if body else said


def frames(kept):
    """What a client says over a WebSocket, whole messages."""
    whole, kind = b"", 0
    while len(kept) >= 2:
        final, code, length, at = kept[0] & 0x80, kept[0] & 0x0F, kept[1] & 0x7F, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            length, at = int.from_bytes(kept[at : at + size], "big"), at + size
        mask, at = kept[at : at + 4], at + 4
        piece = bytes(byte ^ mask[n % 4] for n, byte in enumerate(kept[at : at + length]))
        kept = kept[at + length :]
        if code >= 8:
            continue  # Closing, and signs of life.
        whole, kind = (piece, code) if code else (whole + piece, kind)
        if final:
            yield from text(whole.decode()) if kind == 1 else binary(whole)


def text(said):
    if said.startswith("{"):
        yield {"text": json.loads(said)}
    else:
        # Azure's: a head, a blank line and a body.
        head, body = said.split("\r\n\r\n", 1)
        if not any(re.search(rf"(?i)path: *{path}", head) for path in ABOUT):
            yield {"head": head, "body": json.loads(body)}


def binary(said):
    length = int.from_bytes(said[:2], "big")
    head, body = said[2 : 2 + length], said[2 + length :]
    if b"Path:" in head:
        # Azure's: a head with its length before it.
        yield {"head": head.decode(), "body": body[: WAVE if body.startswith(b"RIFF") else AUDIO].hex()}
    else:
        yield {"binary": said[:AUDIO].hex()}


def messages(kept):
    """What a client says over gRPC: its messages, whole, in the order of their streams."""
    streams = {}
    while len(kept) >= 9:
        length, kind, flags, stream = int.from_bytes(kept[:3], "big"), kept[3], kept[4], int.from_bytes(kept[5:9], "big")
        data, kept = kept[9 : 9 + length], kept[9 + length :]
        if kind == 0:
            padding = data[0] if flags & 8 else 0
            data = data[1 : len(data) - padding] if flags & 8 else data
            streams[stream] = streams.get(stream, b"") + data
    for said in streams.values():
        while len(said) >= 5:
            length = int.from_bytes(said[1:5], "big")
            yield {"message": said[5 : 5 + length].hex()}
            said = said[5 + length :]
