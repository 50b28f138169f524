"""Makes a program an adapter of Roster, in any Python from 3.9 on, with nothing to install.

Copy this file beside yours, declare what you have in plugin.json, and write a class for each source type and target:

    import roster

    class People(roster.Source):
        def open(self, options):            # what the operator has set up; the schema has found it right
            self.file = options["file"]

        def read(self, state):              # a generator of pages
            yield roster.Page(users=[{"uid": "1", "nickname": "Ada"}])
            return roster.Reading(complete=True)

    roster.serve(sources={"people": People})

This file speaks the protocol on standard input and output: framing, dispatch, sessions, acknowledgement, state, limits,
cancelling and errors. Whatever else prints goes to standard error. https://github.com/nocobase-roster/roster has the
protocol (docs/protocol.md) and a guide (docs/write-a-source.md). This is version 1 of the file.
"""

import base64
import contextlib
import json
import os
import sys
import threading
import time
import traceback

LIMITS = {"maxFrameBytes": 16 << 20, "maxRequestsInFlight": 64, "maxOpenSources": 16}
GRACE = 10  # seconds that work in hand has when the input has ended
CODES = {
    "internal": -32603, "canceled": -32800, "config": 1001, "auth": 1002, "rate-limited": 1003, "transient": 1004, "data": 1005,
    "conflict": 1006, "guard": 1007, "locked": 1008, "not-found": 1009, "unsupported": 1010, "overloaded": 1011, "stale": 1012,
}
_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
RETRYABLE = ("rate-limited", "transient", "locked", "overloaded")


class Error(Exception):
    """What went wrong: a kind (a key of CODES), what was being done and to what, and what the operator does next.
    No secret and no attribute's value is in it. retry_after is in seconds."""

    def __init__(self, kind, message, hint="", path="", uid="", retry_after=0, code=0):
        super().__init__(message)
        self.kind, self.message, self.hint, self.path, self.uid, self.retry_after = kind, message, hint, path, uid, retry_after
        self.code = code or CODES[kind]

    def data(self):
        more = {"path": self.path, "recordUid": self.uid, "hint": self.hint, "retryAfterMs": int(self.retry_after * 1000)}
        return {"kind": self.kind, "retryable": self.kind in RETRYABLE, **{name: value for name, value in more.items() if value}}


class Anew(Exception):
    """Raised by read where it cannot go on from a state: it is called again without one."""


class Page:
    """Records that were read together, as NocoBase takes them. state, any JSON, is where to go on once they are stored."""

    def __init__(self, departments=(), users=(), state=None):
        self.records = [("department", d) for d in departments] + [("user", u) for u in users]
        self.state = state


class Found(Page):
    """What a look-up found, and the refs of records that exist no more. All others count as hidden."""

    def __init__(self, departments=(), users=(), gone=()):
        super().__init__(departments, users)
        self.gone = list(gone)


class Reading:
    """What a reading comes to. complete: every call succeeded, and whoever did not come is gone. counts, by type, is what
    the system says it has; left out, it is what was yielded, by this reading and by those it went on from. confirm: who
    did not come may be there all the same, and is looked up before being taken for gone."""

    def __init__(self, complete=False, counts=None, warnings=(), confirm=False):
        self.complete, self.counts, self.warnings, self.confirm = complete, counts, list(warnings), confirm


class Answer:
    """The HTTP response to a call of the system's, and what it said has changed: {"dataType", "uid", "gone"?}, or {"all": True}."""

    def __init__(self, status=200, body=b"", headers=None, events=()):
        self.body = body.encode() if isinstance(body, str) else body
        self.status, self.headers, self.events = status, headers or {}, list(events)


class _Part:
    """What sources and targets have from this file."""

    def __new__(cls, *args, **kwargs):  # and not __init__, which is theirs
        part = super().__new__(cls)
        part.connection, part.stopped = None, threading.Event()  # that is set when nobody wants it any more
        return part

    def log(self, level, message):
        """Has a line written to Roster's log; level is debug, info, warn or error. No secrets, no personal data."""
        if self.connection:
            self.connection.notify("$/log", {"level": level, "message": message})

    def sleep(self, seconds):
        """Waits; raises when the source is closed meanwhile."""
        if self.stopped.wait(seconds):
            raise Error("canceled", "the source was closed")

    def retry(self, call, *args, times=3):
        """Calls call, again where it raises an Error that may pass."""
        for pause in [0.3 * 2**n for n in range(times - 1)] + [None]:
            try:
                return call(*args)
            except Error as error:
                if pause is None or error.kind not in RETRYABLE or error.retry_after > 30:
                    raise
                self.sleep(max(pause, error.retry_after))


class Source(_Part):
    """A configured source. Write open and read, and the others where plugin.json declares them. Threads change from call to
    call, and from page to page: what minds that is told so, as sqlite3.connect is by check_same_thread=False."""

    token = None  # of the read in hand

    def open(self, options):
        """Takes the options; speaks to nobody yet. Raises an Error of kind config, with a path, where they are wrong."""

    def read(self, state):
        """Yields pages from after the one that carried state, or from the beginning, and returns a Reading. A page is
        asked for when the one before is stored. Raises an Error rather than bring less than all there is."""
        raise NotImplementedError

    def lookup(self, refs):
        """Reads single records, {"dataType", "uid"} each, and returns Found."""
        raise Error("unsupported", "this source does not look up single records")

    def check(self):
        """Tries what read would do. Returns steps ({"name", "ok", "message", "hint"}) and a Page; here, of read's first."""
        pages = self.read(None)
        try:
            page = next(pages, None) or Page()
            return [{"name": "read", "ok": True, "message": f"{len(page.records)} records came first"}], page
        except Error as error:
            return [{"name": "read", "ok": False, "message": error.message, "hint": error.hint}], Page()
        finally:
            pages.close()

    def webhook(self, method, query, headers, body):
        """Reads an HTTP request that the system sent (body is bytes), within a second, and returns an Answer. One that is
        not genuine is answered with a status of 400 or more and no events."""
        raise Error("unsupported", "this source takes no calls")

    def close(self):
        """Lets go of what the source holds."""

    def progress(self, done, total=0):
        """Says how far the reading is, where that was asked for."""
        if self.token is not None:
            self.connection.notify("$/progress", {"token": self.token, "value": {"state": "reading", "done": done, "total": total}})


class Target(_Part):
    """What records are written to. It is called by one thread at a time."""

    def apply(self, change):
        """Makes a change and returns the target's own names for the record's rows. change has op (create, update, delete),
        key (the same key is the same change, which may come again), record (sourceName, dataType, sourceUk: the uid, and
        metaData: the record) and resourcePks (the rows returned before). Raises an Error where it cannot be made."""
        raise NotImplementedError

    def flush(self):
        """Called after some changes, before Roster is told that they are made."""

    def find(self, data_type, field, values):
        """Returns (row, value) for each row whose field has one of the values."""
        raise Error("unsupported", "this target is not searched")


class _Wire:
    """Messages on two byte streams: a line each, or behind Content-Length headers. The first that comes decides."""

    def __init__(self, source, sink):
        self.source, self.sink, self.framed, self.writing = source, sink, None, threading.Lock()

    def read(self):
        """Gives the next message's bytes; None at the end of the input."""
        line = b"\n"
        while line and not line.strip():
            line = self._line()
        if not line:
            return None
        if self.framed or (self.framed is None and line[:1].isalpha()):
            return self._body(self._length(line))
        if line[:1] in b"{[":
            self.framed = False
        return line

    def _line(self):
        line = self.source.readline(LIMITS["maxFrameBytes"] + 2)
        if len(line.rstrip(b"\r\n")) <= LIMITS["maxFrameBytes"]:
            return line
        while line and not line.endswith(b"\n"):
            line = self.source.readline(1 << 20)
        raise _fault(-32600, "a frame exceeds the limit")

    def _length(self, line):
        length = None
        line = line[max(0, line.lower().find(b"content-length:")):]  # out of step, it may stand behind what is none
        while line.strip():
            name, colon, value = line.partition(b":")
            if not colon or not name.replace(b"-", b"").isalnum() or (name.lower() == b"content-length" and not value.strip().isdigit()):
                raise _fault(-32700, "neither a Content-Length header nor a JSON object")
            if name.lower() == b"content-length":
                length = int(value)
            line = self._line()
        if length is None:
            raise _fault(-32700, "there is no Content-Length")
        self.framed = True
        return length

    def _body(self, length):
        over, rest = length > LIMITS["maxFrameBytes"], length
        while over and rest:
            skipped = len(self.source.read(min(rest, 1 << 20)))
            rest = rest - skipped if skipped else 0
        body = b"" if over else self.source.read(length)
        if over or len(body) < length:
            raise _fault(-32600, "a frame exceeds the limit") if over else _fault(-32700, "the input ended inside a frame")
        return body

    def write(self, body):
        with self.writing, contextlib.suppress(BrokenPipeError):  # that nobody reads is said by the end of the input
            self.sink.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) if self.framed else body + b"\n")
            self.sink.flush()


def _fault(code, message, path=""):
    return Error("data", message, path=path, code=code)


def _known(error, method):
    """Gives an error that may be told. What any other says may hold a secret, or a person's data: where it was is said only."""
    if isinstance(error, Error):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    where = next((f for f in reversed(frames) if os.path.abspath(f.filename).startswith(_FOLDER)), frames[-1])
    print(f"{method}: {type(error).__name__} at {os.path.basename(where.filename)}:{where.lineno}", file=sys.stderr)
    return Error("internal", "internal error", "the adapter's log says where")


def _encode(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _parse(body):
    """Gives a message, or raises what is wrong with it."""
    try:
        message = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _fault(-32700, "what came is no JSON") from None
    if not isinstance(message, dict):
        raise _fault(-32600, "a message is an object; batches are not taken")
    named = message.get("id")
    message["named"] = isinstance(named, str) or (type(named) is int and named >= 0)
    wrong = message.get("jsonrpc") != "2.0" or not isinstance(message.get("method", ""), str) or ("id" in message and not message["named"])
    if "method" in message and (wrong or not isinstance(message.get("params") or {}, (dict, list))):
        raise _fault(-32600, "what came is no JSON-RPC 2.0 request")
    if "method" not in message and "result" not in message and "error" not in message:
        raise _fault(-32600, "a request has a method")
    return message


def _group(records):
    """Gives records as the wire has them: a run of one type together."""
    data = []
    for kind, record in records:
        if not data or data[-1]["dataType"] != kind:
            data.append({"dataType": kind, "records": []})
        data[-1]["records"].append(record)
    return data


class _Request:
    """A request in hand. It is answered once, by its method or because it was taken back."""

    def __init__(self, connection, message):
        self.connection, self.id, self.method, self.params = connection, message["id"], message["method"], message.get("params") or {}
        self.settled = self.lost = False  # it was answered; it was taken back, and what its method brings is not seen

    def settle(self, lost=False):
        """Says whether it is to be answered now: to the first who asks. From then on its id is free."""
        with self.connection.lock:
            first, self.settled, self.lost = not self.settled, True, self.lost or (lost and not self.settled)
            if first:
                self.connection.in_hand.pop(self.id, None)
            return first

    def answer(self, result):
        body = result if isinstance(result, bytes) else _encode(result)
        if len(body) > self.connection.most - 1024:
            self.fail(Error("overloaded", "the answer is larger than the host reads"))
        elif self.settle():
            self.connection.wire.write(b'{"jsonrpc":"2.0","id":%s,"result":%s}' % (_encode(self.id), body))

    def fail(self, error):
        if self.settle(lost=error.kind == "canceled"):
            self.connection.refuse(self.id, error)

    def take_back(self):
        self.fail(Error("canceled", "the request was taken back"))


class _Session:
    """An open source, and the reading of it that may be under way: Roster's end of the generator."""

    def __init__(self, connection, source):
        self.connection, self.source = connection, source
        self.free, self.holder, self.in_hand = threading.Condition(), None, set()
        self.pages = self.ended = None  # the generator, and what it has ended with: a Reading, or an exception
        self.page, self.part = None, 0  # what of the last page is not acknowledged, and how much of it was answered with
        self.carrier = None  # the request that this answer, or the end, went to; None once acknowledged

    @contextlib.contextmanager
    def turn(self, request):
        """Takes a turn with the reading; while another request has it, that is a conflict, unless it was taken back."""
        with self.free:
            if self.holder and not self.holder.settled:
                raise Error("conflict", "another request reads this source", "wait for its answer", "/session")
            self.free.wait_for(lambda: self.holder is None)
            self.holder = request
        try:
            yield
        finally:
            with self.free:
                self.holder = None
                self.free.notify_all()

    def carried(self):
        return self.carrier is not None and not self.carrier.lost

    def read(self, request):
        with self.turn(request):
            if request.settled:
                return None
            state, self.source.token = request.params.get("state"), request.params.get("progressToken")
            if self.pages is None or (self.ended is not None and self.carried()):
                self.pages, self.ended, self.page = self.counted(state), None, None
            elif state is not None:
                raise Error("conflict", "the source is being read already", "leave state out to read on", "/state")
            elif self.carried():
                raise Error("conflict", "the pages read last are not acknowledged", "say source/ack first", "/session")
            if self.page is None and self.ended is None:
                try:
                    self.page = next(self.pages)
                except StopIteration as end:
                    self.ended = end.value
                except Exception as error:
                    self.ended = error
            answer = self.end() if self.page is None else self.fit(request.params.get("maxRecords") or 1000)
            self.carrier = request
            if isinstance(answer, Exception):
                raise answer
            return answer

    def counted(self, state):
        """Reads the source, and keeps the counts beside its state."""
        state = state if isinstance(state, dict) and "at" in state and "counts" in state else {"at": None, "counts": {}}
        at, counts = state["at"], dict(state["counts"])
        while True:
            pages = self.source.read(at)
            try:
                while True:
                    page = next(pages)
                    for kind, _ in page.records:
                        counts[kind] = counts.get(kind, 0) + 1
                    if page.state is not None:
                        page.state = {"at": page.state, "counts": dict(counts)}
                    if page.records or page.state is not None:
                        yield page
            except StopIteration as end:
                reading = end.value or Reading()
                reading.counts = counts if reading.counts is None else reading.counts
                return reading
            except Anew:
                at, counts = None, {}
            finally:
                pages.close()

    def fit(self, most):
        """Gives as much of the page as is asked for, and as fits into a message."""
        records, n = self.page.records, min(most, len(self.page.records))
        while True:
            result = {"pages": _group(records[:n]), "done": False}
            if n == len(records) and self.page.state is not None:
                result["state"] = self.page.state
            try:
                body = _encode(result)
            except (TypeError, ValueError):
                raise Error("data", "a page holds what JSON does not", "make text of dates and the like") from None
            if len(body) <= self.connection.most - 1024:
                self.part = n
                return body
            if n <= 1:
                raise Error("data", "a record is larger than the host reads", "raise limits.maxFrameBytes in initialize")
            n //= 2

    def end(self):
        if isinstance(self.ended, Exception):
            return self.ended
        r = self.ended
        return {"pages": [], "done": True, "complete": r.complete, "counts": r.counts, "warnings": r.warnings, "confirm": r.confirm}

    def ack(self, request):
        with self.turn(request):
            if self.page is None or not self.carried():
                raise Error("conflict", "there is nothing to acknowledge", "acknowledge each answer with pages once", "/session")
            self.carrier, self.page.records = None, self.page.records[self.part:]
            if not self.page.records:
                self.page = None

    def lookup(self, request):
        refs = request.params["refs"]
        found = self.source.lookup(refs) if refs else Found()
        known = {(kind, record["uid"]) for kind, record in found.records} | {(r["dataType"], r["uid"]) for r in found.gone}
        hidden = [r for r in refs if (r["dataType"], r["uid"]) not in known]
        return {"found": _group(found.records), "gone": found.gone, "hidden": hidden}

    def check(self, request):
        began = time.monotonic()
        steps, page = self.source.check()
        took = int((time.monotonic() - began) * 1000)
        return {"steps": [{"tookMs": took, **step} for step in steps], "sample": _group(page.records[:10])}

    def webhook(self, request):
        p = request.params
        body = base64.b64decode(p.get("body", "")) if p.get("bodyEncoding") == "base64" else p.get("body", "").encode()
        answer = self.source.webhook(p["method"], p.get("query", ""), {k.lower(): v for k, v in (p.get("headers") or {}).items()}, body)
        text = base64.b64encode(answer.body).decode()
        return {"status": answer.status, "headers": answer.headers, "body": text, "bodyEncoding": "base64", "events": answer.events}

    def close(self):
        """Ends what is in hand. A call to the system that hangs is not waited for long."""
        self.source.stopped.set()
        for request in list(self.in_hand):
            request.take_back()
        with self.free:
            if self.free.wait_for(lambda: self.holder is None, 1) and self.pages:
                self.pages.close()
        self.source.close()


class _Connection:
    """The connection with Roster: a thread for each request, so that none holds up another."""

    # What params must have; a member that is not known is ignored, for a newer Roster may send it.
    PARAMS = {
        "source/open": {"sourceType": str}, "source/read": {"session": str}, "source/ack": {"session": str}, "source/check": {"session": str},
        "source/lookup": {"session": str, "refs": list}, "source/webhook": {"session": str, "method": str}, "source/close": {"session": str},
        "target/apply": {"target": str, "changes": list},
        "target/find": {"target": str, "dataType": str, "field": str, "values": list},
        "registry/listSourceTypes": {}, "registry/listTargets": {},
    }  # fmt: skip

    def __init__(self, wire, manifest, sources, targets):
        self.wire, self.manifest, self.sources, self.targets = wire, manifest, sources, targets
        self.applying = {name: threading.Lock() for name in targets}
        self.lock, self.idle = threading.RLock(), threading.Condition()
        self.sessions, self.last = {}, 0  # open sources, by the names of their sessions
        self.in_hand, self.running = {}, 0  # requests that are not answered, by id; and how many methods have not returned
        self.stage, self.over, self.most = "fresh", False, LIMITS["maxFrameBytes"]
        for target in targets.values():
            target.connection = self

    def run(self):
        """Serves until the input ends or Roster says exit, and gives the exit code."""
        while not self.over:
            try:
                body = self.wire.read()
                if body is None:
                    break
                self.take(_parse(body))
            except Error as error:
                self.refuse(None, error)
        with self.idle:
            self.idle.wait_for(lambda: not self.running, 0 if self.over else GRACE)
        for request in list(self.in_hand.values()):
            request.take_back()
        for session in list(self.sessions.values()):
            session.close()
        return 1 if self.over and self.stage != "shut" else 0

    def notify(self, method, params):
        self.wire.write(_encode({"jsonrpc": "2.0", "method": method, "params": params}))

    def refuse(self, request, error):
        data = {"code": error.code, "message": error.message, "data": error.data()}
        self.wire.write(_encode({"jsonrpc": "2.0", "id": request, "error": data}))

    def take(self, message):
        """Takes a message to its method, and waits for none but the shortest."""
        method = message.get("method")
        if not message["named"]:
            params = message.get("params") or {}
            if method == "exit":
                self.over = True
            elif method == "$/cancelRequest" and isinstance(params, dict):
                for request in [r for r in list(self.in_hand.values()) if r.id == params.get("id")]:
                    request.take_back()
        elif method:
            if message["id"] in self.in_hand:
                raise _fault(-32600, "a request with this id is in hand")
            request = _Request(self, message)
            try:
                self.begin(request)
            except Error as error:
                request.fail(error)

    def begin(self, request):
        method = request.method
        if not isinstance(request.params, dict):
            raise _fault(-32602, "params must be an object")
        if (self.stage == "fresh") != (method == "initialize"):
            raise _fault(-32002, "initialize comes first") if self.stage == "fresh" else _fault(-32600, "initialize comes once")
        if self.stage == "shut":
            raise _fault(-32600, "the adapter has been shut down")
        if method in ("initialize", "ping", "shutdown"):
            request.answer(getattr(self, method)(request.params))
            return
        if method not in self.PARAMS:
            raise Error("unsupported", f"there is no method {method[:80]}", code=-32601)
        for name, kind in self.PARAMS[method].items():
            if not isinstance(request.params.get(name), kind):
                raise _fault(-32602, f"/{name} is missing or of the wrong type", "/" + name)
        if self.running >= LIMITS["maxRequestsInFlight"]:
            raise Error("overloaded", "too many requests are in hand", "send fewer at a time")
        with self.idle:
            self.running += 1
        self.in_hand[request.id] = request
        threading.Thread(target=self.serve, args=(request,), daemon=True).start()

    def serve(self, request):
        try:
            request.answer(self.call(request))
        except Exception as error:
            request.fail(_known(error, request.method))
        finally:
            with self.idle:
                self.running -= 1
                self.idle.notify_all()

    def call(self, request):
        space, _, name = request.method.partition("/")
        if space == "registry":
            names = ("types", "sourceTypes") if name == "listSourceTypes" else ("targets", "targets")
            return {names[0]: self.manifest.get(names[1], [])}
        if space == "target":
            return self.write(request, name)
        if name in ("open", "close"):
            return getattr(self, name)(request.params)
        session = self.sessions.get(request.params["session"])
        if session is None:
            raise Error("not-found", "there is no such open source", "open it anew", "/session")
        session.in_hand.add(request)
        try:
            return getattr(session, name)(request)
        finally:
            session.in_hand.discard(request)

    def initialize(self, params):
        if params.get("protocolVersion") != "1":
            raise Error("unsupported", "this protocol version is not supported", "this adapter speaks version 1", "/protocolVersion")
        self.stage, self.most = "ready", (params.get("limits") or {}).get("maxFrameBytes") or self.most
        server = {"name": self.manifest["name"], "version": self.manifest["version"]}
        return {"protocolVersion": "1", "server": server, "capabilities": {"cancel": True, "progress": True, "log": True}, "limits": LIMITS}

    def ping(self, params):
        return {}

    def shutdown(self, params):
        self.stage = "shut"

    def open(self, params):
        if params["sourceType"] not in self.sources:
            raise Error("not-found", "there is no such source type", "it is one of " + ", ".join(self.sources), "/sourceType")
        source = self.sources[params["sourceType"]]()
        source.connection = self
        source.open(params.get("options") or {})
        with self.lock:
            if len(self.sessions) >= LIMITS["maxOpenSources"]:
                raise Error("overloaded", "too many sources are open", "close those that are done with")
            self.last += 1
            self.sessions[str(self.last)] = _Session(self, source)
            return {"session": str(self.last)}

    def close(self, params):
        session = self.sessions.pop(params["session"], None)
        if session is None:
            raise Error("not-found", "there is no such open source", path="/session")
        session.close()

    def write(self, request, name):
        p = request.params
        target = self.targets.get(p["target"])
        if target is None:
            raise Error("not-found", "there is no such target", "it is one of " + ", ".join(self.targets), "/target")
        with self.applying[p["target"]]:
            if name == "find":
                return {"rows": [{"row": row, "value": value} for row, value in target.find(p["dataType"], p["field"], p["values"])]}
            outcomes = [self.make(target, change) for change in p["changes"] if not request.settled]
            target.flush()
            return {"outcomes": outcomes}

    def make(self, target, change):
        """Gives the outcome of a change: what it raises is one, too, and does not keep the others from being made."""
        try:
            return {"key": change["key"], "resourcePks": [str(row) for row in target.apply(change) or ()]}
        except Exception as error:
            e = _known(error, "target/apply")
            error = {"kind": e.kind, "message": e.message, "hint": e.hint, "path": e.path, "retryAfterMs": int(e.retry_after * 1000)}
            return {"key": change["key"], "error": error}


def serve(sources=None, targets=None):
    """Serves source types (classes, by name) and targets (objects, by name), until Roster ends the connection. What they
    are is read from plugin.json beside the program."""
    with open(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "plugin.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    wire = _Wire(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # programs that the adapter starts do not read its messages
    os.dup2(2, 1)  # whatever prints, prints to standard error
    sys.stdout = sys.stderr
    code = _Connection(wire, manifest, sources or {}, targets or {}).run()
    sys.stderr.flush()
    os._exit(code)  # threads that hang in calls are not waited for
