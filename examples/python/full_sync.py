"""The calls of the original service's documentation: start a full sync, take the job's id, ask for its status.

Nothing of it is ours: no header, no port but the original 5000, no address but localhost. It runs against
`npm start -- --no-auth`. Put your own databases in the place of source_host and target_host.
"""

import requests

# Start a full sync
response = requests.post(
    "http://localhost:5000/api/sync/full",
    json={
        "source_connection": "postgresql://user:password@source_host:5432/source_db",
        "target_connection": "postgresql://user:password@target_host:5432/target_db",
        "config": {
            "batch_size": 1000,
            "detection_strategy": "hash",
            "conflict_strategy": "source_wins",
        },
    },
)
job_id = response.json()["job_id"]

# Check status
status = requests.get(f"http://localhost:5000/api/sync/status/{job_id}").json()
print(status)
