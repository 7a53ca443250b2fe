"""A scheduler of dask: one of this machine, jobs of a queue, or one that runs already."""

import gc
import logging
import signal
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from shutil import which
from typing import Any

import dask
from distributed import Client, LocalCluster, Status

from napari_hemalens.cluster.worker import Uninterrupted
from napari_hemalens.config.cluster import LOCAL, ClusterRecipe, JobQueueRecipe
from napari_hemalens.errors import ClusterError, RecipeError

_PATIENCE_S = 10  # until a scheduler has to answer
_QUEUES = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "sge": "SGECluster", "lsf": "LSFCluster"}


@contextmanager
def connected(recipe: ClusterRecipe) -> Iterator[Client]:
    """Connect to a scheduler, which is started, and ended with the block, unless an address is given.

    Raises
    ------
    ClusterError
        If no scheduler answers, or a queue takes no jobs.
    RecipeError
        If the file of a queue cannot be read, or workers are asked for of an address.
    """
    queue = recipe.queue
    with ExitStack() as open_:
        if queue is not None:
            cluster: Any = open_.enter_context(job_cluster(queue))
            _ask_for_jobs(cluster, queue, recipe.workers or 1)
        elif recipe.scheduler == LOCAL:
            # dask lets go for good of a worker that happens to be starting anew so long after it died
            open_.enter_context(dask.config.set({"distributed.deploy.lost-worker-timeout": "365 days"}))
            cluster = open_.enter_context(_local_cluster(recipe.workers or 1))
        elif recipe.workers is not None:
            raise RecipeError(
                f"The workers of {recipe.scheduler} are those that were started there: give no number of workers."
            )
        else:
            cluster = recipe.scheduler
        open_.callback(logging.getLogger("distributed.client").setLevel, logging.getLogger("distributed.client").level)
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what goes wrong is said in a sentence
        client = open_.enter_context(_client(cluster, recipe.scheduler))
        if recipe.scheduler == LOCAL:
            client.register_plugin(Uninterrupted())
        yield client


def job_cluster(recipe: JobQueueRecipe) -> Any:
    """Return a scheduler whose workers are jobs of a queue; none is asked for yet.

    Raises
    ------
    ClusterError
        If the scheduler cannot be started, such as on a network that is not there.
    """
    interrupted = signal.getsignal(signal.SIGINT)
    import dask_jobqueue  # noqa: PLC0415 -- from then on it answers Ctrl-C itself, by an end that keeps nothing

    signal.signal(signal.SIGINT, interrupted)
    try:
        return getattr(dask_jobqueue, _QUEUES[recipe.kind])(
            **recipe.asked_of_queue, scheduler_options={"dashboard_address": ":0"}
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ClusterError(f"Cannot start a scheduler for {recipe.kind}: {error}.") from error


def _ask_for_jobs(cluster: Any, queue: JobQueueRecipe, jobs: int) -> None:
    """Submit jobs, and hear of it where the queue takes none; `cluster.scale` would only log that, and wait on.

    Raises
    ------
    ClusterError
        If the queue's command is not there, or refuses a job.
    """
    command = cluster.job_cls.submit_command
    if which(command) is None:
        raise ClusterError(
            f"There is no {command} on this machine, by which {queue.kind} is given jobs: start the command where jobs "
            f"can be submitted, such as on a login node, or take --scheduler {LOCAL}."
        )
    while len(cluster.worker_spec) < jobs:
        cluster.worker_spec.update(cluster.new_worker_spec())
    try:
        cluster.sync(cluster._correct_state)
    except (OSError, RuntimeError, ValueError) as error:
        for job in cluster.workers.values():
            if job.status == Status.created:
                job.status = Status.failed  # or closing would fail, too
        _, _, said = str(error).partition("stderr:\n")
        words = " ".join((said.strip() or str(error)).split()).rstrip(".")
        raise ClusterError(f"{queue.kind} takes no job: {words}.") from error


def _local_cluster(workers: int) -> LocalCluster:
    """Return processes of this machine, a thread each, with as much memory as one process alone would have."""
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        why = str(error).rstrip(".")
        raise ClusterError(
            f"The workers of this machine did not start ({why}). In a script, what starts them has to stand below the "
            'line: if __name__ == "__main__":'
        ) from error


def _client(cluster: Any, called: str) -> Client:
    try:
        return Client(cluster, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        # A client that never connected waits for itself where it happens to be collected in the thread of a later loop.
        traceback.clear_frames(error.__traceback__)
        gc.collect()
        raise ClusterError(
            f"No scheduler answers at {called!r} ({error}): give the address of one that runs, such as "
            f"tcp://10.0.0.5:8786, a YAML file of a queue, or {LOCAL}."
        ) from error
