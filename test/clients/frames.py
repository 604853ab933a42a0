"""HTTP/2 frames by hand, for what no client sends."""

import socket
import struct

from listener import PATIENCE_S

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM = ACK = 1
END_HEADERS = 4
INITIAL_WINDOW_SIZE = 4
ENHANCE_YOUR_CALM = 11

SERVICE = "/inference.GRPCInferenceService/"
STREAMS = 20
"""Streams of the connections that have many."""


def frame(kind, payload=b"", flags=0, stream=0):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def settings(**values):
    return frame(SETTINGS, b"".join(struct.pack(">HI", number, value) for number, value in values.values()))


def window(bytes_more, stream=0):
    return frame(WINDOW_UPDATE, bytes_more.to_bytes(4, "big"), stream=stream)


def header_block(method):
    """Literals without indexing and without Huffman: the decoder has no state of them."""
    fields = {":method": "POST", ":scheme": "http", ":path": SERVICE + method, ":authority": "127.0.0.1",
              "content-type": "application/grpc", "te": "trailers"}
    return b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                    for name, value in fields.items())


def headers(method, stream=1, flags=END_HEADERS):
    return frame(HEADERS, header_block(method), flags, stream)


def grpc_message(message):
    encoded = message.SerializeToString()
    return b"\0" + len(encoded).to_bytes(4, "big") + encoded


def data(payload, stream=1, flags=0):
    """As many frames as the payload needs, the flags on the last."""
    parts = [payload[at:at + 16384] for at in range(0, len(payload), 16384)] or [b""]
    return b"".join(frame(DATA, part, flags if part is parts[-1] else 0, stream) for part in parts)


class RawConnection:
    """A connection that sends any bytes and reads frames."""

    def __init__(self, port, receive_buffer_bytes=None):
        self._socket = socket.socket()
        if receive_buffer_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, *parts):
        self._socket.sendall(b"".join(parts))

    def read(self, count):
        """So many bytes, or fewer when the server ends the connection first."""
        collected = b""
        while len(collected) < count:
            chunk = self._socket.recv(count - len(collected))
            if not chunk:
                break
            collected += chunk
        return collected

    def read_frame(self):
        """Kind, flags, stream and payload; None when the server has ended the connection."""
        try:
            head = self.read(9)
            if len(head) < 9:
                return None
            payload = self.read(int.from_bytes(head[:3], "big"))
        except ConnectionError:
            return None
        return head[3], head[4], int.from_bytes(head[5:9], "big"), payload

    def read_until(self, wanted):
        """The first frame for which `wanted` is true, or None."""
        while (found := self.read_frame()) is not None:
            if wanted(*found):
                return found
        return None

    def cut(self, how):
        """Ends the connection: `close` says goodbye to TCP, `reset` does not."""
        if how == "reset":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
