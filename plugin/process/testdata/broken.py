"""A source of three people that misbehaves as Python programs do. Its argument says how."""
import json
import os
import sys
import time

MODE = sys.argv[1]
TYPE = {
    "name": MODE, "title": "Speaker", "origin": "", "dataTypes": ["user"],
    "optionsSchema": {"type": "object", "properties": {"secret": {"type": "string", "writeOnly": True}}},
    "capabilities": {"pull": True, "push": False, "webhook": False, "lookup": False, "check": False},
}
reads = 0


def read():
    global reads
    reads += 1
    if MODE == "raises":
        raise KeyError("userid")
    if MODE == "forks-and-hangs" and os.fork() == 0:
        time.sleep(1000)
    if MODE == "escapes" and os.fork() == 0:
        os.setsid()
        time.sleep(20)
        os._exit(0)
    if reads % 2 == 0:
        return {"pages": [], "done": True}
    return {"pages": [{"dataType": "user", "records": [{"uid": "u%d" % i} for i in range(3)]}], "state": 1, "done": False}


ANSWERS = {
    "initialize": lambda: {"protocolVersion": "1", "server": {"name": "broken", "version": "1"}, "capabilities": {}, "limits": {}},
    "registry/listSourceTypes": lambda: {"types": [TYPE]},
    "registry/listTargets": lambda: {"targets": []},
    "source/open": lambda: {"session": "s"},
    "source/read": read,
}

for line in sys.stdin:
    request = json.loads(line)
    if MODE == "prints":
        print("DEBUG", request["method"], flush=True)
    if request["method"] == "exit":
        break
    if "id" in request:
        result = ANSWERS.get(request["method"], lambda: None)()
        text = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result})
        if MODE == "halves" and reads:
            sys.stdout.write(text[: len(text) // 2])
            break
        print(text, flush=True)
