"""A full sync as a program of your own would run it: with a token, errors read, and followed to its end.

Where: TFSYNC_URL (http://localhost:5000), TFSYNC_TOKEN, TFSYNC_SOURCE and TFSYNC_TARGET of the environment.
Ends 0 when the job completed, 3 when it completed with issues, 1 when it failed, 2 when the start was refused.
"""

import os
import sys
import time
import uuid

import requests

url = os.environ.get("TFSYNC_URL", "http://localhost:5000")
session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['TFSYNC_TOKEN']}"

started = session.post(
    f"{url}/api/sync/full",
    json={
        "source_connection": os.environ["TFSYNC_SOURCE"],
        "target_connection": os.environ["TFSYNC_TARGET"],
        "config": {"batch_size": 1000, "detection_strategy": "hash", "conflict_strategy": "source_wins"},
    },
    # the same key again, after an answer that was lost, finds the same job
    headers={"Idempotency-Key": str(uuid.uuid4())},
    timeout=30,
)
if started.status_code != 202:
    problem = started.json()  # application/problem+json: code, and all that is wrong at once
    for error in problem.get("errors", [problem]):
        print(error.get("code"), error.get("message"), error.get("hint", ""), file=sys.stderr)
    sys.exit(2)

status_url = url + started.headers["location"]
etag, job = None, None
while True:
    answer = session.get(status_url, headers={"If-None-Match": etag} if etag else {}, timeout=30)
    if answer.status_code == 200:
        etag, job = answer.headers["etag"], answer.json()
        print(job["state"], f"{job['counts']['read']} of about {job['rows_estimate']} rows", flush=True)
    if job["state"] == "paused":
        print(job["pause"]["code"], job["pause"]["message"], file=sys.stderr)  # somebody has to decide; then resume
        sys.exit(1)
    if "retry-after" not in answer.headers:  # it is given until the job has ended
        break
    time.sleep(float(answer.headers["retry-after"]))

print(f"{job['counts']['inserted']} new, {job['counts']['updated']} changed, {job['counts']['deleted']} deleted")
sys.exit({"completed": 0, "completed_with_issues": 3}.get(job["state"], 1))
