"""Options of a cluster: unknown keys and wrong values are one sentence."""

from pathlib import Path

import pytest

from napari_hemalens.config.cluster import ClusterRecipe, JobQueueRecipe
from napari_hemalens.errors import RecipeError

READY = Path(__file__).parents[2] / "examples" / "slurm.yaml"


def test_the_ready_file_is_read() -> None:
    recipe = JobQueueRecipe.from_yaml(READY)
    assert (recipe.kind, recipe.processes) == ("slurm", 1)
    assert recipe.asked_of_queue["job_script_prologue"] == list(recipe.prologue)


def test_a_scheduler_of_a_yaml_file_is_a_queue() -> None:
    assert ClusterRecipe(scheduler=str(READY)).queue is not None
    assert ClusterRecipe(scheduler="local").queue is None
    assert ClusterRecipe(scheduler="tcp://10.0.0.5:8786").queue is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: slurm\ncores: 4\nmemory: 16GB\ncorse: 2\n", "No option 'corse'. Known: kind, cores"),
        ("kind: slurm\ncores: 4\n", "Option 'memory' has to be given."),
        ("kind: cloud\ncores: 4\nmemory: 16GB\n", "Option 'kind' got 'cloud'"),
        ("kind: slurm\ncores: 4\nmemory: plenty\n", "Option 'memory' got 'plenty'"),
        ("- slurm\n", "holds no `key: value` lines"),
        ("kind: [\n", "Cannot read"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "queue.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as error:
        JobQueueRecipe.from_yaml(file)
    assert said in str(error.value)
    assert "queue.yaml" in str(error.value)


def test_values_are_read_as_they_are_written_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "queue.yaml"
    file.write_text(
        "kind: slurm\ncores: 4\nmemory: 16GB\nwalltime: 04:00:00\naccount: 0123\nqueue:\n", encoding="utf-8"
    )
    recipe = JobQueueRecipe.from_yaml(file)
    assert (recipe.cores, recipe.walltime, recipe.account, recipe.queue) == (4, "04:00:00", "0123", None)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"Cannot read .*gone\.yaml: (?!\[Errno)"):
        _ = ClusterRecipe(scheduler=str(tmp_path / "gone.yaml")).queue


def test_an_account_is_a_project_for_queues_that_call_it_so() -> None:
    said = {"cores": 1, "memory": "2GB", "account": "lab"}
    asked = {kind: JobQueueRecipe.from_options(kind=kind, **said).asked_of_queue for kind in ("pbs", "sge")}
    assert (asked["pbs"]["account"], asked["sge"]["project"]) == ("lab", "lab")
