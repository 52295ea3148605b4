"""Checks several apps at once, each in a process of its own: their modules may have the same names."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from mwviz.cli import process
from mwviz.cli.holding import Job, Use, held
from mwviz.collect import ProbeOptions
from mwviz.errors import MwvizError, TargetError
from mwviz.model.findings import Findings


def held_apart(jobs: Sequence[Job], probe: ProbeOptions, use: Use) -> list[Findings | MwvizError]:
    """The findings of each job, in their order, or the mistake that kept it from having any."""
    with TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        files = [Path(folder) / str(number) for number in range(len(jobs))]
        return list(pool.map(lambda job, file: _result(job, probe, file, use), jobs, files))


def _result(job: Job, probe: ProbeOptions, file: Path, use: Use) -> Findings | MwvizError:
    # The path is set before anything is imported: a module of the app's may have the name of one that we need.
    code = f"import sys; sys.path[:] = {sys.path!r}; from mwviz.cli import workers; workers.work({str(file)!r})"
    done = subprocess.run(  # noqa: S603 - this interpreter, and our own code
        [sys.executable, "-c", code],
        input=pickle.dumps((job, probe, use)),
        stdout=2,
        cwd=job.target.directory,
        check=False,
    )
    if not file.exists():
        return TargetError(
            f"The process that checked '{job.name or job.target.app}' ended with code {done.returncode} and told "
            "nothing: did the app end it?"
        )
    result = pickle.loads(file.read_bytes())  # noqa: S301 - written by our own process into our own folder
    if not isinstance(result, (Findings, MwvizError)):
        raise result
    return result


def work(file: str) -> None:
    """Do the job that comes on stdin, write what came of it to `file`, and leave."""
    job, probe, use = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one

    def written(result: Findings | Exception) -> int:
        Path(f"{file}.part").write_bytes(pickle.dumps(result))
        Path(f"{file}.part").rename(file)  # whole or not at all
        return 0

    try:
        written(held(job, probe, written, use))
    except MwvizError as error:
        written(error)
    except Exception:  # noqa: BLE001 - told by the process that waits for this one
        written(RuntimeError(traceback.format_exc()))
    process.leave(0)
