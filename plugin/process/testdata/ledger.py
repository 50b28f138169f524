"""A target that appends the uid of each change to a file and keeps its keys beside it. The first of
its processes dies in the middle of a batch, with half of it written and no answer."""
import json
import os
import sys

LEDGER = sys.argv[1]
KEYS = LEDGER + ".keys"


def apply(params):
    made = set(open(KEYS).read().split()) if os.path.exists(KEYS) else set()
    first = not made
    outcomes = []
    for n, change in enumerate(params["changes"]):
        if first and n == len(params["changes"]) // 2:
            os._exit(9)
        if change["key"] not in made:
            with open(LEDGER, "a") as ledger, open(KEYS, "a") as keys:
                ledger.write(change["record"]["sourceUk"] + "\n")
                keys.write(change["key"] + "\n")
        outcomes.append({"key": change["key"], "resourcePks": [change["record"]["sourceUk"]]})
    return {"outcomes": outcomes}


ANSWERS = {
    "initialize": lambda _: {"protocolVersion": "1", "server": {"name": "ledger", "version": "1"}, "capabilities": {}, "limits": {}},
    "registry/listSourceTypes": lambda _: {"types": []},
    "registry/listTargets": lambda _: {"targets": [{"name": "ledger", "accepts": ["user"], "after": [], "before": []}]},
    "target/apply": apply,
}

for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "exit":
        break
    if "id" in request:
        result = ANSWERS.get(request["method"], lambda _: None)(request.get("params"))
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
