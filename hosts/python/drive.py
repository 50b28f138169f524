"""Drives every method of Roster's wire: drive.py ROSTER DATABASE. What it called goes to standard output as JSON."""

import json
import sys

from adapters import Directory, Rows
from roster import Failure, Roster


def refused(code, call, *args):
    """Says that the call is answered with an error of that code, and gives it."""
    try:
        result = call(*args)
    except Failure as failure:
        assert failure.code == code, f"{args}: {failure}, want {code}"
        return failure
    raise AssertionError(f"{args} was answered {result}, want the error {code}")


def canceled(r, method, params):
    """Takes a request back as soon as it is sent."""
    request, future = r.send(method, params)
    r.notify("$/cancelRequest", {"id": request})
    refused(-32800, future.result, 60)


def connect(r):
    refused(-32002, r.call, "ping")
    opened = r.call("initialize", {"protocolVersion": "1", "client": {"name": "python", "version": "3"}})
    assert opened["server"]["name"] == "roster" and opened["limits"]["maxFrameBytes"] == 16 << 20, opened
    r.notify("initialized")
    assert r.call("ping") == {}
    assert r.call("log/setLevel", {"level": "warn"}) == {"level": "warn"}
    document = r.call("rpc.discover")
    assert document["openrpc"].startswith("1.")
    return {method["name"] for method in document["methods"]}


def look_around(r):
    assert "http-api" in [t["name"] for t in r.call("registry/listSourceTypes")["types"]]
    assert [t["name"] for t in r.call("registry/listTargets")["targets"]] == ["users", "departments"]


def send_garbage(r):
    """What is no message is answered, and the connection lives on."""
    for line in (b"{not json\n", b"[]\n", b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}\n'):
        r.write_raw(line)
    assert r.wait_stray(3) == [-32700, -32600, -32600]
    failure = refused(-32602, r.call, "tasks/get", {"taskID": "1"})
    assert failure.data["path"] == "/taskID" and "taskId" in failure.data["hint"], failure.data
    assert "sync/push" in refused(-32601, r.call, "sync/pusch").data["hint"]
    refused(1009, r.call, "tasks/get", {"taskId": "4711"})


def push(r):
    users = [{"uid": f"p{i}", "nickname": "赵思远", "username": f"user{i}"} for i in range(3000)]
    body = {"dataType": "user", "sourceName": "push", "records": users, "progressToken": "push"}
    planned = r.call("sync/plan", body)
    assert planned["counts"]["user"]["created"] == 3000 and len(planned["items"]) == 1000
    pushed = r.call("sync/push", body)
    assert pushed["state"] == "success", pushed["message"]
    r.wait_told("$/progress", lambda p: p["token"] == "push" and p["value"]["state"] == "applying")
    assert r.call("records/get", {"sourceName": "push", "dataType": "user", "uid": "p1"})["record"]["metaData"]["nickname"] == "赵思远"
    assert r.call("health/check")["database"]["state"] == "open"


def push_big_frames(r):
    """8 MiB in a message, and a message that is too large."""
    big = {"dataType": "user", "sourceName": "big", "records": [{"uid": str(i), "nickname": "x" * 80} for i in range(90_000)]}
    assert len(json.dumps(big)) > 8 << 20
    canceled(r, "sync/push", big)
    r.write_raw(b'{"jsonrpc":"2.0","id":"huge","method":"ping","params":{"pad":"' + b"x" * (17 << 20) + b'"}}\n')
    assert r.wait_stray(4)[3] == -32600
    assert r.call("ping") == {}


def push_partly(r):
    """A bad record fails alone; a retry does it again."""
    records = [{"uid": "a", "email": "a@example.com"}, {"uid": "b", "email": "a@example.com"}]
    pushed = r.call("sync/push", {"dataType": "user", "sourceName": "bad", "records": records})
    assert pushed["state"] == "partial", pushed
    task = {"taskId": pushed["taskId"]}
    assert len(r.call("tasks/items", {**task, "failed": True})["items"]) == 1
    assert r.call("tasks/list", {"source": "bad"})["tasks"][0]["id"] == task["taskId"]
    assert r.call("tasks/get", task)["task"]["state"] == "partial"
    assert r.call("sync/retry", task)["state"] in ("partial", "failed")
    assert r.call("sync/wait", task)["task"]["state"] == "partial"
    assert r.call("sync/cancel", task)["task"]["state"] == "partial"  # it has ended


def register(r, directory, rows):
    r.handlers.update(directory.handlers())
    r.handlers.update(rows.handlers())
    assert "host-directory" in [t["name"] for t in r.call("registry/registerSource", directory.declaration)["types"]]
    r.call("registry/registerTarget", {"name": "crm", "accepts": ["user"], "after": ["users"], "batches": True, "finds": True})
    r.call("registry/registerTarget", {"name": "ledger", "accepts": ["department"]})
    refused(1006, r.call, "registry/registerTarget", {"name": "users", "accepts": ["user"]})
    r.wait_told("registry/changed", lambda p: p["name"] == "ledger")


def read_by_hand(r):
    """Roster serves source/* for whatever there is; here it asks the host in turn."""
    session = r.call("source/open", {"sourceType": "host-directory", "name": "mine", "options": {}})
    users, done = [], False
    while not done:
        read = r.call("source/read", {**session, "maxRecords": 10})
        users += [record["uid"] for data in read["pages"] for record in data["records"]]
        done = read["done"]
        if not done:
            refused(1006, r.call, "source/read", session)
            r.call("source/ack", session)
    assert users == ["d1", "u1", "u2"] and read["complete"] and read["counts"] == {"department": 1, "user": 2}
    looked = r.call("source/lookup", {**session, "refs": [{"dataType": "user", "uid": "u1"}, {"dataType": "user", "uid": "u9"}]})
    assert looked["found"][0]["records"][0]["nickname"] == "Ann" and looked["gone"][0]["uid"] == "u9"
    assert r.call("source/check", session)["steps"][0]["ok"]
    answer = r.call("source/webhook", {**session, "method": "GET", "query": "echo=1"})
    assert answer["body"] == "echo=1" and answer["events"] == [{"dataType": "user", "uid": "u1"}]
    r.call("source/close", session)
    refused(1009, r.call, "source/read", session)


def keep_sources(r):
    created = r.call("sources/create", {"name": "hr", "sourceType": "host-directory", "enabled": True, "options": {"hold": False}})
    assert created["source"]["name"] == "hr", created
    assert r.call("sources/get", {"name": "hr"})["source"]["sourceType"] == "host-directory"
    assert "hr" in [s["name"] for s in r.call("sources/list")["sources"]]
    r.call("sources/update", {"name": "hr", "displayName": "The directory"})
    wrong = {"name": "other", "sourceType": "host-directory", "options": {"hold": "yes"}}
    assert r.call("sources/validate", {"draft": wrong})["faults"][0]["path"] == "/options/hold"
    assert r.call("sources/test", {"name": "hr"})["steps"][0]["ok"]


def pull(r, rows):
    """Reads the host's source and writes to NocoBase's tables and to the host's targets."""
    source = {"inline": {"name": "hr", "sourceType": "host-directory", "options": {}}}
    assert r.call("sync/plan", source)["counts"]["user"]["created"] == 2
    started = r.call("sync/start", source)
    task = r.call("sync/wait", {"taskId": started["taskId"]})["task"]
    assert task["state"] == "success", task
    r.wait_told("task/updated", lambda p: p["task"]["id"] == task["id"] and p["progress"]["state"] == "success")
    if "registry/registerTarget" in r.called:
        assert {c["record"]["sourceUk"] for c in rows.changes.values()} == {"d1", "u1", "u2"}, rows.changes
        renamed = [{"uid": "d1", "title": "Sales and more"}]
        r.call("sync/push", {"dataType": "department", "sourceName": "hr", "records": renamed})
        assert "target/update" in r.answered


def cancel_a_pull(r, directory):
    source = {"inline": {"name": "held", "sourceType": "host-directory", "options": {"hold": True}}}
    started = r.call("sync/start", source)
    assert r.call("sync/start", source)["taskId"] == started["taskId"]
    task = {"taskId": started["taskId"]}
    canceled(r, "sync/wait", task)
    r.call("sync/cancel", task)
    directory.released.set()
    assert r.call("sync/wait", task)["task"]["state"] == "canceled"


def receive(r):
    answer = r.call("source/webhook", {"source": "hr", "method": "POST", "query": "n=1", "body": "{}"})
    assert answer["status"] == 200 and answer["body"] == "n=1", answer
    r.wait_told("task/updated", lambda p: p["task"]["source"] == "hr" and p["task"]["kind"] != "pull" and "finishedAt" in p["task"])


def write_targets(r):
    """Roster serves target/* for NocoBase's users and departments."""

    def record(uid, nickname):
        origin = {"id": "", "sourceName": "written", "sourceUk": uid, "dataType": "user", "resources": []}
        return {**origin, "metaData": {"uid": uid, "nickname": nickname, "email": uid + "@example.com"}}

    (created,) = r.call("target/create", {"target": "users", "key": "1", "record": record("w1", "Ann")})
    rows = [created["resourcesPk"]]
    assert r.call("target/update", {"target": "users", "key": "2", "record": record("w1", "Anna"), "resourcePks": rows}) is not None
    change = {"key": "3", "op": "create", "record": record("w2", "Bob"), "resourcePks": []}
    (outcome,) = r.call("target/apply", {"target": "users", "changes": [change]})["outcomes"]
    assert outcome["key"] == "3" and outcome["resourcePks"], outcome
    asked = {"target": "users", "dataType": "user", "field": "email", "values": ["w1@example.com"]}
    assert r.call("target/find", asked)["rows"][0]["row"] == rows[0]


def part(r):
    """Takes everything back, and ends as a host should."""
    if "sources/delete" in r.methods:
        r.call("sources/delete", {"name": "hr"})
    if "registry/unregister" in r.methods:
        for name in ("crm", "ledger", "host-directory"):
            r.call("registry/unregister", {"name": name})
        refused(1010, r.call, "registry/unregister", {"name": "users"})
    assert r.call("shutdown") is None
    refused(-32600, r.call, "ping")
    r.notify("exit")
    assert r.end() == 0, "it did not end well"


def leave_rudely(command, database):
    """Exit without shutdown is a fault of the host's, and the exit code says so."""
    r = Roster(command, database)
    r.call("initialize", {"protocolVersion": "1"})
    r.notify("exit")
    assert r.end() == 1


def steps(r, directory, rows):
    """What is done between connecting and parting, each with the methods that it cannot do without."""
    return [
        (look_around, (r,), set()),
        (send_garbage, (r,), set()),
        (push, (r,), set()),
        (push_big_frames, (r,), set()),
        (push_partly, (r,), set()),
        (register, (r, directory, rows), {"registry/registerSource", "registry/registerTarget"}),
        (read_by_hand, (r,), {"registry/registerSource"}),
        (keep_sources, (r,), {"registry/registerSource", "sources/create"}),
        (pull, (r, rows), {"registry/registerSource"}),
        (cancel_a_pull, (r, directory), {"registry/registerSource"}),
        (receive, (r,), {"registry/registerSource", "sources/create"}),
        (write_targets, (r,), {"target/create"}),
    ]


def main(roster, database):
    r, directory, rows = Roster([roster, "stdio"], database), Directory(), Rows()
    r.methods = connect(r)
    missing = set()
    for step, args, needs in steps(r, directory, rows):
        if needs <= r.methods:
            step(*args)
        missing |= needs - r.methods
    part(r)
    leave_rudely([roster, "stdio"], database)
    json.dump({"called": sorted(r.called), "answered": sorted(r.answered), "missing": sorted(missing)}, sys.stdout)


main(*sys.argv[1:])
