"""Moto's server (an emulation of AWS that is not ours) with what it leaves to Docker: functions run as processes of Node.

python3 server.py PORT NODE SCRATCH

Everything else is moto's own, untouched: CloudFormation, S3, IAM, SSM, DynamoDB, SQS and its event source mappings, Secrets Manager,
Logs, EventBridge, and its interpreter of state machines. Functions are told AWS_ENDPOINT_URL, as moto's containers are.
"""

import copy
import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import types
import zipfile

PORT, NODE, SCRATCH = sys.argv[1:]
URL = f"http://localhost:{PORT}"
# What moto calls by itself (a state machine that invokes a function) goes over its own door.
os.environ.update(
    MOTO_PORT=PORT,
    AWS_ENDPOINT_URL=URL,
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
)

from moto.awslambda.models import LambdaFunction  # noqa: E402
from moto.core.config import default_user_config  # noqa: E402
from moto.server import main  # noqa: E402
from moto.sqs.models import Queue  # noqa: E402
from moto.stepfunctions import models as state_machines  # noqa: E402
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (  # noqa: E402
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser import models as executions  # noqa: E402
from moto.stepfunctions.parser.models import stepfunctions_parser_backends  # noqa: E402

default_user_config["stepfunctions"]["execute_state_machine"] = True
# its CloudFormation would put machines where they are only listed
state_machines.stepfunctions_backends = stepfunctions_parser_backends
# A machine knows its executions, and those that run cannot be copied deeply.
executions.copy = types.SimpleNamespace(deepcopy=copy.copy)


def recased(change):
    """The names of fields, which Step Functions begins with a capital and the API does not."""
    return lambda values: {change(key[0]) + key[1:]: value for key, value in values.items()}


def renamed(method, position, change):
    def patched(self, *given, **named):
        values = given[0] if given else named[position]
        method(self, *given, **named)
        fields = recased(change)(values)
        values.clear()
        values.update(fields)

    return patched


# Of executions that start executions, moto 5.2 forgets to translate the names of fields.
StateTaskServiceSfn._normalise_parameters = renamed(StateTaskServiceSfn._normalise_parameters, "parameters", str.lower)
StateTaskServiceSfn._normalise_response = renamed(StateTaskServiceSfn._normalise_response, "response", str.upper)

RUN = """
import { readFileSync } from 'node:fs';
const [file, name] = process.argv.slice(2);
const end = Date.now() + 1000 * Number(process.env.TIMEOUT_SECONDS);
const context = { awsRequestId: crypto.randomUUID(), functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  getRemainingTimeInMillis: () => end - Date.now() };
let answer, failed = 0;
try {
  answer = (await (await import(file))[name](JSON.parse(readFileSync(0, 'utf8')), context)) ?? null;
} catch (error) {
  failed = 1;
  answer = { errorType: error.name, errorMessage: error.message };
}
process.stdout.write('\\n' + JSON.stringify(answer), () => process.exit(failed));
"""

add_message = Queue.add_message


def delivered(self, message):
    """A queue that feeds a function does so by itself: whoever sends a message does not wait for what the function makes of it."""
    if self.lambda_event_source_mappings:
        threading.Thread(target=add_message, args=(self, message), daemon=True).start()
    else:
        add_message(self, message)


Queue.add_message = delivered


def unpacked(code):
    folder = os.path.join(SCRATCH, hashlib.sha256(code).hexdigest())
    if not os.path.isdir(folder):
        draft = f"{folder}.{os.urandom(8).hex()}"
        zipfile.ZipFile(io.BytesIO(code)).extractall(draft)
        try:
            os.rename(draft, folder)
        except OSError:
            pass  # another thread was faster
    return folder


def invoke(self, event=None):
    runner = os.path.join(SCRATCH, "run.mjs")
    module, name = self.handler.split(".")
    done = subprocess.run(
        [NODE, runner, os.path.join(unpacked(self.code_bytes), f"{module}.mjs"), name],
        input=event if isinstance(event, str) else json.dumps(event or {}),
        env={
            "PATH": os.environ["PATH"],
            "HOME": SCRATCH,
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "role",
            "AWS_SECRET_ACCESS_KEY": "role",
            "AWS_LAMBDA_FUNCTION_NAME": self.function_name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_size),
            "TIMEOUT_SECONDS": str(self.timeout),
            **{key: str(value) for key, value in self.environment_vars.items()},
            "AWS_ENDPOINT_URL": URL,
        },
        capture_output=True,
        text=True,
        timeout=int(self.timeout) + 5,
    )
    logs, _, answer = done.stdout.rpartition("\n")
    print(f"{self.function_name}: {done.returncode}\n{logs}{done.stderr}", file=sys.stderr, flush=True)
    return answer or json.dumps({"errorType": "Runtime.ExitError"}), done.returncode != 0, logs


os.makedirs(SCRATCH, exist_ok=True)
with open(os.path.join(SCRATCH, "run.mjs"), "w") as file:
    file.write(RUN)
LambdaFunction._invoke_lambda = invoke
main(["-H", "127.0.0.1", "-p", PORT])
