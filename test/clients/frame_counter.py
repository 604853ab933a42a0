"""Which frames pass a relay."""

import threading
from collections import Counter

from frames import ACK, GOAWAY, PREFACE
from listener import PATIENCE_S


class FrameCounter:
    """For `Relay(port, counter.watch)`: counts frames by direction, kind and whether they are an ACK."""

    def __init__(self):
        self._grown = threading.Condition()
        self._counts = Counter()
        self.goaways = []
        """What servers said when they ended a connection: code and text."""

    def count(self, direction, kind, acks=False):
        return self._counts[direction, kind, acks]

    def wait_for(self, reached):
        with self._grown:
            assert self._grown.wait_for(reached, PATIENCE_S), dict(self._counts)

    def watch(self, direction):
        pending = bytearray()
        skipped = len(PREFACE) if direction == "up" else 0

        def see(chunk):
            nonlocal skipped
            pending.extend(chunk)
            if len(pending) < skipped:
                return
            del pending[:skipped]
            skipped = 0
            while len(pending) >= 9 and len(pending) >= (size := 9 + int.from_bytes(pending[:3], "big")):
                self._add(direction, bytes(pending[:size]))
                del pending[:size]
        return see

    def _add(self, direction, frame):
        kind, acks = frame[3], bool(frame[4] & ACK)
        with self._grown:
            self._counts[direction, kind, acks] += 1
            if kind == GOAWAY and direction == "down":
                self.goaways.append((int.from_bytes(frame[13:17], "big"), frame[17:]))
            self._grown.notify_all()
