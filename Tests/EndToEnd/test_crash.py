"""The crash test with fewer lines and kills; `Scripts/crash-test` runs the whole of it."""
import os

import pytest

from harness import crash, verdict

SEED = int(os.environ.get("EBB_CRASH_SEED") or int.from_bytes(os.urandom(4)))


@pytest.mark.slow
def test_kills_lose_and_double_nothing(tmp_path):
    plan = crash.Plan(lines=2400, kills=10, seed=SEED)
    print(f"EBB_CRASH_SEED={SEED} repeats this run")
    outcome = crash.CrashTest(tmp_path, plan, say=print).run()
    print(crash.table(outcome))
    verdict.assert_all(outcome.checks)
    assert len(outcome.deaths) == 10
    assert sum(1 for death in outcome.deaths if death.recorded < 2400) == 10, "all kills came while the batch ran"
