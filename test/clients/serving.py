"""The processes that the clients are pointed at, beside `nereid serve`."""

from listener import Listener
from nereid import NODE, ROOT


class TestServer(Listener):
    """The service of gRPC's interoperability tests over one of our transports."""

    __test__ = False

    def __init__(self, transport, *flags):
        super().__init__([NODE, ROOT / "dist/test/clients/test-server.js", f"--transport={transport}", *flags],
                         r"Started TestService at (127\.0\.0\.1:\d+)", cwd=ROOT)
