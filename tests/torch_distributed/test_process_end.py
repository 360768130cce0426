"""A process ends with its own status, whatever its threads of gloo have left to do."""

from tests.torch_distributed.launch import run


def test_an_operation_that_ends_with_the_process_does_not_abort_it(tmp_path):
    run("late_operation.py", 2, tmp_path, str(tmp_path / "run"))
