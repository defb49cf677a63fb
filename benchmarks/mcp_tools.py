"""How long a call of each reading tool takes over the Model Context Protocol in process: median and 95th percentile,
with the CPU seconds, and the ratio to a tool of the same SDK that does nothing.

.venv/bin/python benchmarks/mcp_tools.py HOME [--rounds 5]

HOME is a home that `banana demo` has filled. Arguments differ from call to call, so that answers kept of the call
before are worth what they are worth to an agent.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from pydantic import BaseModel

from banana_assets.backends.keys import Caller
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.tables import PLANS
from banana_assets.interfaces.mcp import server as serving
from banana_assets.interfaces.mcp.calls import Call, Sources, sources_of
from banana_assets.interfaces.mcp.tools import tool

MOST = 40
"""Different calls of a tool in a round."""


class Nothing(BaseModel):
    """Nothing."""

    done: bool


@tool("Nothing")
def nothing(call: Call) -> Nothing:
    """Do nothing."""
    return Nothing(done=True)


def calls(sources: Sources) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is asked of each tool, on what the home holds."""
    failed = sources.store.builds().filter(status="failed")["build_id"].to_list()[-MOST:]
    plans = sources.tables.read(PLANS).filter(status="pending")["plan_id"].to_list()[:MOST]
    yield from (("nothing", {}) for _ in range(MOST))
    yield from (("list_failed_builds", {"limit": 5 + n}) for n in range(MOST))
    yield from (("explain_failure", {"build_id": name}) for name in failed)
    yield from (("get_log_lines", {"build_id": name}) for name in failed)
    yield from (("search_logs", {"build_id": name, "query": "error"}) for name in failed)
    yield from (("search_logs (words)", {"query": f"{name} assertion failed"}) for name in failed)
    yield from (("compare_builds", {"build_id": name}) for name in failed)
    yield from (("why", {"plan_id": name}) for name in plans)
    yield from (("get_planning_metrics", {}) for _ in range(MOST))
    yield from (("get_optimization_recommendations", {"limit": 1 + n}) for n in range(MOST))
    yield from (("analyze_system_logs", {"time_range_hours": 24 + n}) for n in range(10))
    yield from (("analyze_metadata_quality", {}) for _ in range(10))
    yield from (("predict_resource_usage", {}) for _ in range(10))
    yield from (("get_execution_schedule", {}) for _ in range(10))
    yield from (("get_execution_schedule (limits)", {"at_once": 2 + n}) for n in range(10))


async def measured(home: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU seconds of each call by tool; the first call of a tool is left out."""
    found: dict[str, list[tuple[float, float]]] = {}
    settings = load_from(home)
    with open_store(settings) as store:
        sources = sources_of(settings, store)
        caller = Caller("benchmark", frozenset({"read"}))
        asked = list(calls(sources))
        async with Client(serving.create_server(lambda: sources, lambda context: caller)) as client:
            for _ in range(rounds):
                for label, arguments in asked:
                    wall, cpu = time.perf_counter(), time.process_time()
                    answer = await client.call_tool(label.split(" ")[0], arguments)
                    took = time.perf_counter() - wall, time.process_time() - cpu
                    assert not answer.is_error or label == "compare_builds", (label, arguments, answer.content)
                    if not answer.is_error:
                        found.setdefault(label, []).append(took)
        sources.feed.close()
    return {label: times[1:] for label, times in found.items()}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    serving.TOOLS = (*serving.TOOLS, nothing)
    found = anyio.run(measured, told.home, told.rounds)
    base = statistics.median(cpu for _, cpu in found["nothing"])
    print(f"{'tool':34} {'calls':>6} {'p50 ms':>8} {'p95 ms':>8} {'CPU p50':>8} {'ratio':>7}")
    for label, times in found.items():
        walls, cpus = sorted(wall for wall, _ in times), [cpu for _, cpu in times]
        p50, p95 = statistics.median(walls), walls[int(len(walls) * 0.95)]
        cpu = statistics.median(cpus)
        print(f"{label:34} {len(times):6} {1000 * p50:8.1f} {1000 * p95:8.1f} {1000 * cpu:8.1f} {cpu / base:7.1f}")


if __name__ == "__main__":
    main()
