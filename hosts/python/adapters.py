"""What the host has itself: a source type, and two targets."""

import itertools
import threading

PEOPLE = [
    {"dataType": "department", "records": [{"uid": "d1", "title": "Sales"}]},
    {"dataType": "user", "records": [{"uid": "u1", "nickname": "Ann", "departments": ["d1"]}]},
    {"dataType": "user", "records": [{"uid": "u2", "nickname": "Bob"}]},
]


class Directory:
    """A source type that reads PEOPLE, a page for each entry."""

    declaration = {
        "name": "host-directory",
        "title": "The host's directory",
        "dataTypes": ["department", "user"],
        "optionsSchema": {"type": "object", "properties": {"hold": {"type": "boolean"}}},
        "capabilities": {"pull": True, "lookup": True, "check": True, "webhook": True},
    }

    def __init__(self):
        self.sessions, self.names = {}, itertools.count(1)
        self.released = threading.Event()  # lets sources with the option hold be read

    def handlers(self):
        return {
            "source/open": self.open,
            "source/read": self.read,
            "source/ack": self.ack,
            "source/lookup": self.lookup,
            "source/check": lambda params: {"steps": [{"name": "people", "ok": True, "message": "3 found", "tookMs": 0}], "sample": PEOPLE[:1]},
            "source/webhook": self.webhook,
            "source/close": lambda params: self.sessions.pop(params["session"], None) and None,
        }

    def open(self, params):
        name = str(next(self.names))
        self.sessions[name] = {"page": 0, "hold": params.get("options", {}).get("hold", False)}
        return {"session": name}

    def read(self, params):
        session = self.sessions[params["session"]]
        if session["hold"]:
            self.released.wait(60)
        if "state" in params:
            session["page"] = params["state"]
        if session["page"] == len(PEOPLE):
            session["page"] = 0
            return {"pages": [], "done": True, "complete": True, "counts": {"department": 1, "user": 2}}
        page = session["page"]
        return {"pages": [PEOPLE[page]], "state": page + 1, "done": False}

    def ack(self, params):
        self.sessions[params["session"]]["page"] += 1

    def lookup(self, params):
        found = [
            {"dataType": data["dataType"], "records": [record]}
            for data in PEOPLE
            for record in data["records"]
            if {"dataType": data["dataType"], "uid": record["uid"]} in params["refs"]
        ]
        known = [data["records"][0]["uid"] for data in found]
        return {"found": found, "gone": [ref for ref in params["refs"] if ref["uid"] not in known], "hidden": []}

    def webhook(self, params):
        return {"status": 200, "headers": {"content-type": "text/plain"}, "body": params.get("query", ""), "events": [{"dataType": "user", "uid": "u1"}]}


class Rows:
    """A target that keeps rows: in batches as "crm", one by one as "ledger"."""

    def __init__(self):
        self.changes = {}  # by key
        self.lock = threading.Lock()

    def handlers(self):
        return {"target/apply": self.apply, "target/create": self.write, "target/update": self.write, "target/find": lambda params: {"rows": []}}

    def apply(self, params):
        return {"outcomes": [self.outcome(params["target"], change) for change in params["changes"]]}

    def outcome(self, target, change):
        with self.lock:
            self.changes[change["key"]] = change
        return {"key": change["key"], "resourcePks": [target + "-" + change["record"]["sourceUk"]]}

    def write(self, params):
        return [{"resourcesPk": row} for row in self.outcome(params["target"], params)["resourcePks"]]
