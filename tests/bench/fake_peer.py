"""A peer that does as it is told, by its first argument: for tests of the protocol."""

import json
import os
import sys
import time
from pathlib import Path

how, log = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""

for number, line in enumerate(sys.stdin, start=1):
    ask = json.loads(line)
    if log:
        with Path(log).open("a") as file:
            file.write(f"{how} {ask['cell'].get('network', 'lenet')}\n")
    if how == "crashes" or (how == "crashes later" and number == 2):
        print("RuntimeError: out of luck", file=sys.stderr)
        sys.exit(3)
    if how == "hangs":
        time.sleep(600)
    if how == "nonsense":
        print("42 apples", flush=True)
    elif how == "nothing":
        print(json.dumps({"seconds_per_step": 0.0}), flush=True)
    elif how == "refuses":
        print(json.dumps({"problem": "ValueError: not this one"}), flush=True)
    elif how == "pid":
        print(json.dumps({"seconds_per_step": 1.0, "variant": str(os.getpid())}), flush=True)
    elif how == "environment":
        kept = {name: os.environ.get(name) for name in ("TUITRAIN_THREADS", "OMP_NUM_THREADS")}
        print(json.dumps({"seconds_per_step": 1.0, "variant": json.dumps(kept)}), flush=True)
    else:
        answer = {"seconds_per_step": float(how) if how[0].isdigit() else 0.5, "steps": 1}
        print(json.dumps(answer), flush=True)
