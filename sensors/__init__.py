"""What starts runs by itself, and who is told when one fails."""

from sensors.failed_builds import failed_builds
from sensors.failed_runs import failed_run
from sensors.launched_steps import launched_steps
from sensors.new_files import new_files

SENSORS = [new_files, failed_builds, launched_steps, failed_run]

__all__ = ["SENSORS", "failed_builds", "failed_run", "launched_steps", "new_files"]
