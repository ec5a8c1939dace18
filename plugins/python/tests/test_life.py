"""The end of a plugin: told to, or because its host is gone."""

import os
import signal
import subprocess
import sys
import time

import host
import numpy as np
import pytest
from host import Host, alive, until

SOURCE = """
import subprocess, time
import sampan

child = subprocess.Popen(["sleep", "300"])

@sampan.target(dim=1)
def t(x):
    if x[0, 0] == 1:
        time.sleep(300)
    return x[:, 0] * 0 + child.pid
"""

# A host that is killed: it starts a plugin, tells its pid and waits. "own" holds standard input and the Lifeline open,
# the others only one of the two; all are the plugin's parent.
DOOMED = """
import subprocess, sys, time
sys.path.insert(0, {tests!r})
import host
from pathlib import Path
h = host.Host(Path({file!r})).__enter__()
beat = h.lifeline() if {lifeline} else None
if beat:
    beat.ask(host.pb.Beat(seq=1))
pid = int(host.floats(h.eval(h.handle("t"), [[0.0]]).logp)[0])
print(h.process.pid, pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def file(tmp_path):
    return host.write(tmp_path, SOURCE)


def test_shutdown_is_orderly_and_quick(file):
    with Host(file) as h:
        beat = h.lifeline()
        assert beat.ask(host.pb.Beat(seq=4)).seq == 4
        stream = h.stream()
        stream.ask(host.request(h.handle("t"), [[0.0]]))
        socket = h.line.split("|")[3]
        start = time.monotonic()
        h.shutdown()
        assert h.process.wait(5) == 0
        assert time.monotonic() - start < 2
        assert not os.path.exists(socket)
        assert "Traceback" not in h.logged(), h.logged()


def test_shutdown_while_the_users_code_runs(file):
    with Host(file) as h:
        stream = h.stream()
        stream._requests.put(host.request(h.handle("t"), [[1.0]]))
        start = time.monotonic()
        h.shutdown()
        assert h.process.wait(5) == 0
        assert time.monotonic() - start < 2


def test_interrupt_is_ignored_and_term_is_not(file):
    with Host(file) as h:
        h.process.send_signal(signal.SIGINT)
        assert h.eval(h.handle("t"), [[0.0]]).logp
        h.process.send_signal(signal.SIGTERM)
        assert h.process.wait(5) == 0


@pytest.mark.parametrize("lifeline", [False, True])
def test_a_killed_host_leaves_nothing(file, lifeline):
    tests = os.path.dirname(__file__)
    code = DOOMED.format(tests=tests, file=str(file), lifeline=lifeline)
    doomed = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in doomed.stdout.readline().split()]
    assert len(pids) == 2 and all(map(alive, pids))
    doomed.kill()
    doomed.wait()
    doomed.stdout.close()
    assert until(lambda: not any(map(alive, pids)), 3), "the plugin or its child lives on"


def grandchild(h: Host) -> int:
    return int(host.floats(h.eval(h.handle("t"), [[0.0]]).logp)[0])


@pytest.mark.parametrize("sign", ["standard input", "Lifeline"])
def test_each_sign_of_the_hosts_end_is_enough(file, sign):
    with Host(file) as h:
        child, beat = grandchild(h), h.lifeline()
        beat.ask(host.pb.Beat(seq=1))
        if sign == "standard input":
            h.process.stdin.close()
        else:
            beat.call.cancel()
        assert h.process.wait(5) == -signal.SIGKILL  # with its whole group
        assert until(lambda: not alive(child), 1)
        assert sign in h.logged()


def test_the_parents_end_is_enough(file, tmp_path):
    """A launcher starts the plugin and ends; standard input and Lifeline stay."""
    launcher = host.write(
        tmp_path,
        f"""
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-m", "sampan", "serve", {str(file)!r}], start_new_session=True)
        sys.stdin.close()
        time.sleep(300)
        """,
        "launcher.py",
    )
    with Host(launcher, [sys.executable, str(launcher)]) as h:
        plugin, child = int(h.line.split("|")[3].rpartition("/")[2].split(".")[0]), grandchild(h)
        assert plugin != h.process.pid
        h.process.kill()
        assert until(lambda: not alive(plugin) and not alive(child), 3)
        assert "its process ended" in h.logged()


def test_standard_input_is_not_the_users(tmp_path):
    file = host.write(
        tmp_path,
        """
        import sys
        import sampan

        @sampan.target(dim=1)
        def t(x):
            return x[:, 0] + len(sys.stdin.read())
        """,
    )
    with Host(file) as h:
        assert host.floats(h.eval(h.handle("t"), np.zeros((1, 1))).logp).tolist() == [0]
