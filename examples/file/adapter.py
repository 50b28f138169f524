"""Keeps the members of NocoBase in a file of JSON: for whatever reads one, a phone book, a door, a mail server.

The file is named by MEMBERS_FILE, members.json where that is not set. It is replaced as a whole, so that who reads it
sees all of a batch or nothing of it."""

import json
import os

import roster


class Members(roster.Target):
    def __init__(self):
        self.path = os.environ.get("MEMBERS_FILE") or "members.json"
        self.rows = None  # by name: what the file has

    def apply(self, change):
        rows, record = self.load(), change["record"]
        name = f'{record["sourceName"]}/{record["dataType"]}/{record["sourceUk"]}'  # so that a change that comes again finds its row
        if change["op"] == "delete":
            for row in change["resourcePks"]:
                rows.pop(row, None)
            return []
        data = {key: value for key, value in record["metaData"].items() if key != "isDeleted"}
        if not any(data.get(key) for key in ("nickname", "username", "email", "title")):
            message, hint = "the record has nothing to know it by", "give it a nickname, username, email or title"
            raise roster.Error("data", message, hint, "nickname", record["sourceUk"])
        mine = change["resourcePks"] or [name]
        for row in mine:
            rows[row] = {"source": record["sourceName"], "dataType": record["dataType"], **data}
        return mine

    def flush(self):
        """Writes the file: beside the old one first, then in its place."""
        beside = self.path + ".new"
        try:
            with open(beside, "w", encoding="utf-8") as file:
                json.dump(list(self.load().items()), file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)
        except OSError as error:
            self.rows = None  # what was not written is sent again
            raise roster.Error("transient", f"write the file: {error.strerror}", "see whether the folder has room and may be written to") from None

    def find(self, data_type, field, values):
        for name, row in self.load().items():
            if row["dataType"] == data_type and row.get(field) in values:
                yield name, row[field]

    def load(self):
        if self.rows is None:
            try:
                with open(self.path, encoding="utf-8") as file:
                    self.rows = dict(json.load(file))
            except FileNotFoundError:
                self.rows = {}
            except (OSError, ValueError) as error:
                message = f"read the file: {type(error).__name__}"
                raise roster.Error("config", message, "mend the file that MEMBERS_FILE names, or move it away") from None
        return self.rows


if __name__ == "__main__":
    roster.serve(targets={"members-file": Members()})
