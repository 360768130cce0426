"""Generated sessions: whatever is done by hand, the record of it runs again to the same bits.

``make sessions`` tries a thousand; the number is in the environment variable TUITRAIN_SESSIONS.
"""

import os

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.scenario.test_rerun import nothing, record
from tuitrain.run.folder import read_journal
from tuitrain.scenario.rerun import compare

SESSIONS = int(os.environ.get("TUITRAIN_SESSIONS", "25"))

targets = st.sampled_from(["fc", "head", "*", "top", "fc1.*", "nobody"])
rates = st.sampled_from(["0", "0.3", "0.01", "x0.5", "x2"])
rules = st.sampled_from(
    ["sgd", "sgd momentum=0.9", "adam", "adamw weight_decay=0.1", "rmsprop", "lion", "lamb"]
)
acts = st.one_of(
    st.sampled_from(["pause", "resume", "step 3", "undo", "redo", "clip norm 0.1", "clip off"]),
    st.builds("freeze {}".format, targets),
    st.builds("thaw {} {}".format, targets, st.sampled_from(["keep", "reset"])),
    st.builds("lr {} {}".format, targets, rates),
    st.builds("decay {} over {} epochs".format, targets, st.integers(1, 9)),
    st.builds("schedule {} cosine to 0 over {} steps".format, targets, st.integers(1, 99)),
    st.builds("schedule {} exponential x0.9 per epoch warmup=9".format, targets),
    st.builds("optimizer {} {} lr=0.01".format, targets, rules),
    st.builds("optimizer {} {} state=carry".format, targets, rules),
    st.builds("group {} = {}".format, st.sampled_from(["top", "fc"]), st.just("classifier.*")),
    st.builds("group {} = *.bias".format, st.sampled_from(["top", "biases"])),
    st.builds("rewind {}".format, st.integers(0, 200)),
    st.builds("try lr {} {}, x1 for {} steps".format, targets, rates, st.integers(1, 60)),
    st.builds("branch {}".format, st.sampled_from(["main", "b1", "b2", "b3"])),
)


@settings(max_examples=SESSIONS, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 120), acts), max_size=12))
def test_the_record_of_any_session_runs_again_to_the_same_bits(tmp_path_factory, script):
    folder = tmp_path_factory.mktemp("session") / "run"
    _, step = record(folder, script)
    applied = sum(line.get("outcome") == "applied" for line in read_journal(folder))
    event(f"{min(applied // 4 * 4, 12)} commands or more applied")
    comparison, environments = compare(folder, nothing, nothing)
    assert comparison.difference is None
    assert comparison.step == step
    assert environments == []
