"""An adapter that does all that roster.py lets one do, for its tests."""

import hmac
import json
import os

import roster


class Probe(roster.Source):
    def open(self, options):
        self.key, self.people, self.trouble = options["key"], options.get("people", 10), options.get("trouble")

    def read(self, state):
        print("this is printed")
        os.system("cat; echo so is this")  # it reads nothing of what Roster says
        self.log("info", "it is read")
        if state is not None and state["people"] != self.people:
            raise roster.Anew
        done = state["done"] if state else 0
        if state is None:
            yield roster.Page(departments=[{"uid": "d", "title": "The only one"}], state={"people": self.people, "done": 0})
        while done < self.people:
            if self.trouble == "no JSON":
                yield roster.Page(users=[{"uid": "1", "nickname": {self.key}}])
            if self.trouble == "crash":
                raise ValueError(self.key)
            if self.trouble == "stall":
                self.sleep(60)
            page = range(done, min(done + 1500, self.people))
            done = page.stop
            yield roster.Page(users=[person(n) for n in page], state={"people": self.people, "done": done})
            self.progress(done, self.people)
            if self.trouble == "sudden":
                self.people, self.trouble = self.people - 1, None
                raise roster.Anew
        return roster.Reading(complete=True)

    def lookup(self, refs):
        found = roster.Found()
        for ref in refs:
            if ref["uid"] == "d":
                found.records.append(("department", {"uid": "d", "title": "The only one"}))
            elif ref["uid"] in map(str, range(self.people)):
                found.records.append(("user", person(int(ref["uid"]))))
            elif ref["uid"] != "hidden":
                found.gone.append(ref)
        return found

    def webhook(self, method, query, headers, body):
        if not hmac.compare_digest(headers.get("signature", ""), self.key):
            return roster.Answer(403)
        return roster.Answer(body=b"\xff" + body, events=[json.loads(body)])


def person(n):
    return {"uid": str(n), "nickname": f"赵 {n}", "departments": ["d"]}


class Rows(roster.Target):
    """Keeps what it was told in memory: find says what it holds."""

    def __init__(self):
        self.rows, self.kept = {}, {}

    def apply(self, change):
        if change["record"]["metaData"].get("nickname") == "crash":
            raise ValueError("of a person")
        for row in change["resourcePks"] if change["op"] == "delete" else ():
            self.rows.pop(row, None)
        if change["op"] == "delete":
            return []
        self.rows[change["record"]["sourceUk"]] = change["record"]["metaData"]
        return [change["record"]["sourceUk"]]

    def flush(self):
        self.kept = dict(self.rows)

    def find(self, data_type, field, values):
        return [(row, data[field]) for row, data in self.kept.items() if data.get(field) in values]


if __name__ == "__main__":
    roster.serve(sources={"probe": Probe}, targets={"probe-rows": Rows()})
