"""A process that holds one training step of one library in all its forms, and times them when told to.

usage: worker.py MODULE SHAPE

MODULE has forms(**shape), a dictionary from the name of a form to a function that prepares it. What this returns does
`steps` training steps when called, and has finished them when it returns; steps is an attribute of it, or 1.
Lines on stdin are {"form": NAME, "times": N}; each is answered by {"cpu_ms": [N numbers], "wall_ms": [N numbers]} a step.
A form is prepared, compiled and run once when it is first asked for, which is in no number.
"""

import importlib
import json
import sys
import time


def timed(run, times):
    cpu, wall = [], []
    for _ in range(times):
        c, w = time.process_time(), time.perf_counter()
        run()
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    steps = getattr(run, "steps", 1)
    return {name: [1e3 * t / steps for t in ts] for name, ts in (("cpu_ms", cpu), ("wall_ms", wall))}


def main():
    module, shape = sys.argv[1], dict(part.split("=") for part in sys.argv[2].split())
    forms = importlib.import_module(module).forms(**{key: int(value) for key, value in shape.items()})
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    print(json.dumps(list(forms)), file=answers, flush=True)
    ready = {}
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked["form"]
        if name not in ready:
            ready[name] = forms[name]()
            ready[name]()
        print(json.dumps(timed(ready[name], asked["times"])), file=answers, flush=True)


main()
