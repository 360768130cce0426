"""Parameters that are sharded or replicated over meshes of two dimensions."""

from tests.torch_distributed.launch import run


def test_norms_are_those_of_the_whole_parameters_on_each_mesh(tmp_path):
    for rank in run("meshes.py", 4, tmp_path):
        assert rank.printed.splitlines() == ["4", "4", "4"]
