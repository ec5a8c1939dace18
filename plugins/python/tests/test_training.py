"""Training through the wire: progress, checkpoints, budgets, the pilot, and what was learned."""

import host
import numpy as np
import pytest
from host import Host
from path import bowl, create, load, saved, train

from sampan._proto import pb
from sampan.messages import joined

SOURCE = '''
import numpy as np
import sampan


class Still(sampan.Transport):
    def segment(self, k, particles, draws):
        return particles.x, particles.log_target - particles.log_ref


class Learner(sampan.Transport):
    """Learns the mean log density of normal draws: any number will do."""

    def __init__(self, target, batch: int = 8):
        super().__init__(target)
        self.batch, self.sum = batch, 0.0

    def segment(self, k, particles, draws):
        return particles.x, np.full(len(particles.x), self.sum)

    def train(self, training):
        if training.resume is not None:
            (self.sum,) = np.frombuffer(training.resume)
        else:
            self.sum = sum(level.beta + level.log_z + level.x.sum() + level.log_w.sum() for level in training.pilot)
        for step in training.steps(50, state=lambda: np.float64(self.sum).tobytes(), evaluations=self.batch):
            x = training.draws(self.batch).standard_normal(self.target.dim)
            self.sum += self.target.eval(x).mean()
            training.report(self.sum, phase="walk", ess=0.5)
            if step == 30 and self.sum > 0:
                raise RuntimeError("it diverges")
        training.warn("nothing was learned")

    def save(self):
        return {"sum.txt": repr(float(self.sum)).encode(), "empty": b"", "large": bytes(3_000_000)}

    def load(self, files):
        assert len(files["large"]) == 3_000_000 and files["empty"] == b""
        self.sum = float(files["sum.txt"])
'''


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Host(host.write(tmp_path_factory.mktemp("plug"), SOURCE)) as h:
        yield h


def test_training(running):
    learner = create(running, "Learner", bowl)
    assert list(learner.caps) == [pb.value("Cap", "CAP_" + name) for name in ("TRAIN", "RESUME", "NEEDS_TARGET")]
    handle = learner.handle
    events, _ = train(running, bowl, handle)
    done = events[-1].done
    assert (done.steps, done.stopped_early, list(done.warnings)) == (50, False, ["nothing was learned"])
    progress = events[0].progress
    assert (progress.phase, progress.step, progress.of, dict(progress.metrics)) == ("walk", 1, 50, {"ess": 0.5})
    assert [e.progress.step for e in events[:-1]] == list(range(1, 51))
    assert [b.name for b in saved(running, handle)] == ["sum.txt", "empty", "large", "large", "large"]

    again = create(running, "Learner", bowl).handle
    train(running, bowl, again)
    assert joined(saved(running, again)) == joined(saved(running, handle))


def test_a_training_stopped_and_resumed_gives_the_same_bytes(running):
    def interrupt(talk, event):
        if event.progress.step == 20:
            talk.send(checkpoint=True)
            talk.send(stop=True)

    whole, first, second = (create(running, "Learner", bowl).handle for _ in range(3))
    train(running, bowl, whole)
    events, checkpoint = train(running, bowl, first, on_event=interrupt)
    done = events[-1].done
    assert (done.stopped_early, done.reason) == (True, "the host said stop")
    assert done.steps in (20, 21, 22)  # the orders are there before the next answer
    assert checkpoint is not None
    events, _ = train(running, bowl, second, resume=checkpoint)
    assert events[0].progress.step == done.steps + 1
    assert joined(saved(running, second)) == joined(saved(running, whole))


def test_budgets_of_a_training(running):
    handle = create(running, "Learner", bowl, b'{"batch": 8}').handle
    done = train(running, bowl, handle, max_evaluations=100)[0][-1].done
    assert (done.steps, done.reason) == (12, "96 of 100 evaluations are spent")
    done = train(running, bowl, handle, max_steps=7)[0][-1].done
    assert (done.steps, done.stopped_early) == (7, False)


def test_a_pilot_and_an_exception_in_training(running):
    handle, x = create(running, "Learner", bowl).handle, np.full((30, 2), 100.0)

    def chunk(level, first, n, **more):
        part = x[first : first + n]
        zeros = np.zeros(n).tobytes()
        return pb.PilotChunk(
            level=level,
            beta=level,
            log_z=0.5,
            total=30,
            first=first,
            n=n,
            d=2,
            x=part.tobytes(),
            log_ref=zeros,
            log_target=zeros,
            **more,
        )

    heavy = np.full(10, 2.0).tobytes()
    pilot = [chunk(0, 0, 30), chunk(1, 0, 20, log_w=np.zeros(20).tobytes()), chunk(1, 20, 10, log_w=heavy)]
    events, _ = train(running, bowl, handle, pilot)
    assert abs(events[0].progress.loss - (12_000 + 20 + 1 + 2 * 0.5)) < 5
    error = events[-1].error
    assert error.message == "RuntimeError: it diverges" and "in train" in error.traceback
    assert "20 draws came of 30" in train(running, bowl, handle, pilot[:2])[0][-1].error.message
    still = create(running, "Still", bowl).handle
    assert "does not learn" in train(running, bowl, still)[0][-1].error.message


def test_save_and_load(running):
    first, second = (create(running, "Learner", bowl).handle for _ in range(2))
    train(running, bowl, first)
    blobs = saved(running, first)
    assert load(running, second, blobs).transport.name == "Learner"
    assert joined(saved(running, second)) == joined(blobs)
    assert "2097152 bytes of 3000000" in load(running, second, blobs[:-1]).error.message
    assert "accepted is the next one" in load(running, second, [*blobs[:3], blobs[4]]).error.message
