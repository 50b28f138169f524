"""The members of a group of GitLab's: https://docs.gitlab.com/api/members/"""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

import roster

PAGE = 100  # members that GitLab gives at a time, at most
TIMEOUT = 30  # seconds that it may take for that
ACTIVE = "active"  # the state of a member who may sign in


class Members(roster.Source):
    def open(self, options):
        group = urllib.parse.quote(options["group"], safe="")
        self.url = options.get("url", "https://gitlab.com").rstrip("/") + f"/api/v4/groups/{group}/members/all"
        self.secret = options.get("token", "")

    def read(self, state):
        page, total = (state["page"], state["total"]) if state else (1, None)
        while page:
            members, head = self.retry(self.get, f"?per_page={PAGE}&page={page}")
            said = int(head["X-Total"]) if head.get("X-Total") else None
            if total is not None and said != total:
                raise roster.Anew  # somebody came or went: what was on which page has changed
            page, total = int(head.get("X-Next-Page") or 0), said
            yield roster.Page(users=[user(member) for member in members], state={"page": page, "total": total})
        return roster.Reading(complete=True, counts=None if total is None else {"user": total})

    def lookup(self, refs):
        found = roster.Found()
        for ref in refs:
            try:
                member, _ = self.retry(self.get, "/" + urllib.parse.quote(ref["uid"], safe=""))
                found.records.append(("user", user(member)))
            except roster.Error as error:
                if error.kind == "not-found":
                    found.gone.append(ref)
                elif error.kind != "auth":  # somebody whom the token may not see is hidden
                    raise
        return found

    def get(self, path):
        """Gives an answer and its headers. Nothing of the answer is in an error, nor is the token."""
        request = urllib.request.Request(self.url + path, headers={"PRIVATE-TOKEN": self.secret} if self.secret else {})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            raise refused(error.code, error.headers) from None
        except (OSError, http.client.HTTPException) as error:
            message = f"ask GitLab for members: {type(error).__name__}"
            raise roster.Error("transient", message, "see whether the address is right and can be reached", "/options/url") from None
        except ValueError:
            message, hint = "ask GitLab for members: the answer is no JSON", "see whether the address is GitLab's"
            raise roster.Error("data", message, hint, "/options/url") from None


def user(member):
    """What NocoBase is told of a member. Attributes that GitLab withholds are left out."""
    record = {"uid": str(member["id"]), "username": member["username"], "nickname": member["name"]}
    if member.get("email"):  # administrators see it
        record["email"] = member["email"]
    if member.get("state") != ACTIVE:
        record["isDeleted"] = True
    return record


def refused(status, head):
    """The error that a status stands for."""
    message = f"ask GitLab for members: status {status}"
    if status in (401, 403):
        return roster.Error("auth", message, "give a token that may read_api, of somebody in the group", "/options/token")
    if status == 404:
        return roster.Error("not-found", message, "see whether the group is written right; a private one needs a token", "/options/group")
    if status == 429:
        wait = head.get("Retry-After", "")
        return roster.Error("rate-limited", message, "read it less often", retry_after=int(wait) if wait.isdigit() else 60)
    if status >= 500:
        return roster.Error("transient", message, "it is tried again with the next run")
    return roster.Error("config", message, "see whether the address is GitLab's", "/options/url")


if __name__ == "__main__":
    roster.serve(sources={"gitlab-members": Members})
