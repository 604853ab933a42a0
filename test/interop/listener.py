"""A process that listens, watched through what it writes."""

import re
import subprocess
import threading

PATIENCE_S = 30


class Listener:
    """Runs from the moment it exists until `stop`; `started` matches the line that has its address."""

    def __init__(self, command, started, **settings):
        self._lines = []
        self._grown = threading.Condition()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **settings)
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.address = self.wait_for(started).group(1)
        except BaseException:
            self.process.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def port(self):
        return int(self.address.split(":")[1])

    @property
    def log(self):
        with self._grown:
            return self._text()

    @property
    def alive(self):
        return self.process.poll() is None

    def wait_for(self, pattern):
        """The match of the first line that has the pattern; fails when the process ends without one."""
        seen = 0
        with self._grown:
            while True:
                for line in self._lines[seen:]:
                    found = line is not None and re.search(pattern, line)
                    if found:
                        return found
                    assert line is not None, f"ended without a line like {pattern!r}:\n{self._text()}"
                seen = len(self._lines)
                assert self._grown.wait(PATIENCE_S), f"no line like {pattern!r} in time:\n{self._text()}"

    def signal(self, number):
        self.process.send_signal(number)

    def wait_for_exit(self):
        """The exit code, once everything that the process wrote has been read."""
        code = self.process.wait(PATIENCE_S)
        with self._grown:
            assert self._grown.wait_for(lambda: None in self._lines, PATIENCE_S)
        return code

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def _text(self):
        return "".join(line for line in self._lines if line is not None)

    def _read(self):
        for line in self.process.stdout:
            self._add(line)
        self._add(None)

    def _add(self, line):
        with self._grown:
            self._lines.append(line)
            self._grown.notify_all()
