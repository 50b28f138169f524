"""Speaks JSON-RPC 2.0 with Roster, one object per line. Python's own library is all it needs."""

import itertools
import json
import os
import subprocess
import threading
from concurrent.futures import Future, ThreadPoolExecutor

PATIENCE = 60  # seconds that an answer may take


class Failure(Exception):
    """What Roster answered instead of a result."""

    def __init__(self, error):
        super().__init__(f"{error['code']} {error['message']}")
        self.code, self.message, self.data = error["code"], error["message"], error.get("data", {})


class Roster:
    """A process of Roster, and the connection with it. Any thread may use it."""

    def __init__(self, command, database):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "ROSTER_DB": database}
        )
        self.handlers = {}  # by method: what Roster may ask of us; params -> result
        self.called, self.answered = set(), set()  # methods that we called well, and that were called of us
        self.told = []  # notifications, as (method, params)
        self.stray = []  # answers without a request: to what was no message
        self.news = threading.Condition()  # guards told and stray
        self.waiting = {}  # requests by id: the method, and who wants the answer
        self.ids = itertools.count(1)
        self.writing = threading.Lock()
        self.workers = ThreadPoolExecutor(8)
        threading.Thread(target=self._read, daemon=True).start()

    def call(self, method, params=None):
        """Calls a method and gives its result; raises Failure."""
        return self.send(method, params)[1].result(PATIENCE)

    def send(self, method, params=None):
        """Sends a request; gives its id, and a Future of its result."""
        request, future = next(self.ids), Future()
        self.waiting[request] = method, future
        self.write({"jsonrpc": "2.0", "id": request, "method": method, "params": params or {}})
        return request, future

    def notify(self, method, params=None):
        self.called.add(method)
        self.write({"jsonrpc": "2.0", "method": method, "params": params or {}})

    def write(self, message):
        self.write_raw(json.dumps(message).encode() + b"\n")

    def write_raw(self, data):
        with self.writing:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def wait_told(self, method, wanted=lambda params: True):
        """Waits until Roster has told what is wanted, and gives its params."""

        def found():
            return next((p for m, p in self.told if m == method and wanted(p)), None)

        with self.news:
            assert self.news.wait_for(lambda: found() is not None, PATIENCE), f"was not told {method}"
            return found()

    def wait_stray(self, count):
        """Waits for so many answers without a request, and gives their codes."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.stray) >= count, PATIENCE), "no answer to what was no message"
            return [answer["error"]["code"] for answer in self.stray]

    def end(self):
        """Ends the input, and gives the exit code."""
        self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def _read(self):
        for line in self.process.stdout:
            self._take(json.loads(line))
        for _, future in self.waiting.values():
            future.set_exception(EOFError("Roster has ended"))

    def _take(self, message):
        if "method" not in message:
            self._answer(message)
        elif "id" in message:
            self.workers.submit(self._serve, message)
        else:
            with self.news:
                self.told.append((message["method"], message["params"]))
                self.news.notify_all()

    def _answer(self, message):
        method, future = self.waiting.pop(message["id"], (None, None))
        if future is None:
            with self.news:
                self.stray.append(message)
                self.news.notify_all()
        elif "error" in message:
            future.set_exception(Failure(message["error"]))
        else:
            self.called.add(method)
            future.set_result(message["result"])

    def _serve(self, message):
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        self.answered.add(message["method"])
        try:
            answer["result"] = self.handlers[message["method"]](message.get("params", {}))
        except Failure as failure:
            answer["error"] = {"code": failure.code, "message": failure.message, "data": failure.data}
        except KeyError as missing:
            answer["error"] = {"code": -32601, "message": f"there is no {missing}"}
        self.write(answer)
