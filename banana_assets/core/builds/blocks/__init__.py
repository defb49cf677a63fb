"""How far a tool's message goes, given the line that it is known by. One module a family; ``BLOCKS`` names all of them.

Every block is bounded by ``MOST`` lines or a few of them, so that a log without the expected end costs no more.
"""

from __future__ import annotations

from banana_assets.core.builds.blocks.general import (
    box,
    causes,
    indented,
    indented_gap,
    indented_tab,
    line,
    numbered,
    paragraph,
    paragraph_back,
    paragraph_more,
    rspec,
    run,
    run_back,
    section,
    stack,
)
from banana_assets.core.builds.blocks.javascript import eslint, jasmine, jest, npm, vitest
from banana_assets.core.builds.blocks.jvm import (
    caret,
    dotnet_test,
    eclipse,
    gradle,
    java_test,
    junit_ant,
    maven,
    results,
    sbt,
)
from banana_assets.core.builds.blocks.native import (
    asan,
    caret_gap,
    cargo_test,
    cmake,
    ctest,
    gcc,
    go_build,
    go_panic,
    go_race,
    go_test,
    gtest,
    panic,
    rustc,
)
from banana_assets.core.builds.blocks.python import (
    lint,
    notes,
    pip_box,
    pip_conflict,
    pip_version,
    pytest,
    syntax,
    traceback,
    unittest,
)
from banana_assets.core.builds.blocks.scripting import (
    box_php,
    composer,
    docker_step,
    lintrunner,
    lisp,
    phpt,
    precommit,
    ruby_lint,
    tap,
    terraform,
)
from banana_assets.core.builds.blocks.span import MOST, Block

__all__ = ["BLOCKS", "MOST"]

BLOCKS: dict[str, Block] = {
    function.__name__: function
    for function in (
        line, indented, indented_gap, indented_tab, paragraph, paragraph_more, paragraph_back, run, run_back,
        stack, traceback, syntax, pytest, unittest, jest, vitest, section, numbered, rspec, jasmine, rustc, gcc,
        caret, caret_gap, notes, lint, eslint, ruby_lint, npm, pip_conflict, pip_version, pip_box, box,
        box_php, composer, causes, cargo_test, panic, go_test, go_panic, go_race, go_build, java_test,
        eclipse, results, maven, gradle, sbt, junit_ant, dotnet_test, cmake, ctest, gtest, asan, phpt, tap, lisp,
        docker_step, terraform, precommit, lintrunner,
    )
}  # fmt: skip
