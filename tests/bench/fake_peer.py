"""A peer whose first argument is its behavior, for tests of the protocol."""

import json
import os
import sys
import time
from pathlib import Path

behavior, log = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""

for number, line in enumerate(sys.stdin, start=1):
    request = json.loads(line)
    if log:
        with Path(log).open("a") as file:
            file.write(f"{behavior} {request['cell'].get('network', 'lenet')}\n")
    if behavior == "crashes" or (behavior == "crashes later" and number == 2):
        print("RuntimeError: out of luck", file=sys.stderr)
        sys.exit(3)
    if behavior == "hangs":
        time.sleep(600)
    if behavior == "nonsense":
        print("42 apples", flush=True)
    elif behavior == "nothing":
        print(json.dumps({"seconds_per_step": 0.0}), flush=True)
    elif behavior == "refuses":
        print(json.dumps({"problem": "ValueError: not this one"}), flush=True)
    elif behavior == "pid":
        print(json.dumps({"seconds_per_step": 1.0, "variant": str(os.getpid())}), flush=True)
    elif behavior == "environment":
        variables = {name: os.environ.get(name) for name in ("TUITRAIN_THREADS", "OMP_NUM_THREADS")}
        print(json.dumps({"seconds_per_step": 1.0, "variant": json.dumps(variables)}), flush=True)
    elif behavior == "caches":
        path = os.environ["XDG_CACHE_HOME"]
        variant = json.dumps({"path": path, "exists": Path(path).is_dir()})
        print(json.dumps({"seconds_per_step": 1.0, "variant": variant}), flush=True)
    else:
        reply = {"seconds_per_step": float(behavior) if behavior[0].isdigit() else 0.5, "steps": 1}
        print(json.dumps(reply), flush=True)
