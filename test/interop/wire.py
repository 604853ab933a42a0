"""A relay before a server, which counts what passes."""

import socket
import threading


class Relay:
    """Carries connections of a free port of 127.0.0.1 to another port until it is closed."""

    def __init__(self, port):
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
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
            server = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._carry, args=(client, server, "bytes_up"), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, "bytes_down"), daemon=True).start()

    def _carry(self, source, target, counter):
        try:
            while chunk := source.recv(65536):
                setattr(self, counter, getattr(self, counter) + len(chunk))
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()
