"""A relay before a server, which counts what passes."""

import socket
import threading


class Relay:
    """
    Carries connections of a free port of 127.0.0.1 to another port until it is closed. `watch` is called with "up" or
    "down" for each connection and direction, and returns what is to be called with each chunk.
    """

    def __init__(self, port, watch=None):
        self._port = port
        self._watch = watch
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.connection_count = 0
        self.bytes_up = 0
        self.bytes_down = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connection_count += 1
            server = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._carry, args=(client, server, "up"), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, "down"), daemon=True).start()

    def _carry(self, source, target, direction):
        counter = f"bytes_{direction}"
        watcher = self._watch(direction) if self._watch else None
        try:
            while chunk := source.recv(65536):
                setattr(self, counter, getattr(self, counter) + len(chunk))
                if watcher:
                    watcher(chunk)
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()
