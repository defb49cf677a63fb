"""``banana optimize-metadata``, ``banana metadata`` for short: how good metadata are, and what may fill their gaps."""

from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.text import visible
from banana_assets.interfaces.cli.documents import Form, Forms, Output, chosen, write_document
from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import progress, say, to_json
from banana_assets.interfaces.cli.running import FINDINGS, command_path, in_vain

if TYPE_CHECKING:
    from banana_assets.backends.media.filling import Filled
    from banana_assets.backends.store import Store

app = typer.Typer(add_completion=False)
CSV_HEADER = ("Field", "Missing Count", "Percentage")
NO_MODEL = "none"
SHOWN = 20
BRING = "banana ingest media PATH --collection NAME"
FORMS = Forms(Form.text, Form.json, Form.jsonl, Form.csv)


@app.command()
def optimize(
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="Only this collection, or items with this in their path.")
    ] = None,
    fill_gaps: Annotated[
        bool, typer.Option("--fill-gaps", "-f", help="Propose values for what is missing; nothing is written to files.")
    ] = False,
    analyze_only: Annotated[
        bool, typer.Option("--analyze-only", "-a", help="Only analyze, whatever else is asked for.")
    ] = False,
    use_model: Annotated[
        str | None,
        typer.Option(
            "--use-model",
            "-m",
            help="Ask this model (PROVIDER/NAME or NAME) for what no rule offers; none asks no model, nor does leaving "
            "it out.",
        ),
    ] = None,
    output: Output = None,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            click_type=FORMS,
            help="Text on stdout unless told; in a file by its suffix (.csv, .jsonl, .txt), else JSON. csv and jsonl "
            "have a line for each field that is missing somewhere.",
        ),
    ] = None,
    min_completeness: Annotated[
        float,
        typer.Option(
            min=0, max=100, help="Completeness that is asked for: a share (0.7) or per cent (70); exit 1 below it."
        ),
    ] = 0,
    batch_size: Annotated[int, typer.Option(min=1, max=100, help="Items that a model is asked about at once.")] = 10,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be proposed: nothing is stored, no model is asked.")
    ] = False,
) -> None:
    """Say how complete and valid metadata are; with --fill-gaps propose values for what is missing.

    What follows from the rest of the library is proposed first, where rules were right for 95 % of known values that
    were hidden from them; then what a model reads in an item's own text. `banana media proposals` lists proposals,
    `accept` and `apply` there take them over.
    """
    from banana_assets.backends.media.analysis import analyze_metadata_quality

    if not fill_gaps:
        in_vain("without --fill-gaps", "use_model", "batch_size", "dry_run")
    elif analyze_only:
        in_vain("beside --analyze-only", "fill_gaps", "use_model", "batch_size", "dry_run")
    elif use_model in (None, NO_MODEL):
        in_vain("where no model is asked", "batch_size")
    begun = time.monotonic()
    filled: Filled | None = None
    with progress("Analyzing metadata"):
        if fill_gaps and not analyze_only:
            with opened(BRING) as (store, _):
                filled = _filled(store, collection, use_model, batch_size, dry_run)
        with opened_reading(BRING) as (reading, _):
            told = analyze_metadata_quality(reading, collection=collection, min_completeness=min_completeness)
    analysis = {name: value for name, value in told.items() if name != "analysisTimestamp"}
    result: dict[str, Any] = {
        "analysis_timestamp": told["analysisTimestamp"],
        "collection": collection,
        "analysis_duration_ms": round(1000 * (time.monotonic() - begun)),
        "analysis": analysis,
    }
    if filled is not None:
        result["filled"] = filled.told()
        if dry_run:
            result["filled"]["wouldPropose"] = [_proposal(p) for p in filled.proposals[:SHOWN]]
    write_document(_WRITTEN[chosen(form, output, FORMS)](result), output)
    for note in filled.said if filled else ():
        say(f"{command_path()}: {visible(note)}")
    if "message" in analysis:
        say(f"{command_path()}: {analysis['message']}")
        raise typer.Exit(FINDINGS)
    if analysis["completenessScore"] < analysis["minCompleteness"]:
        least = f"the {analysis['minCompleteness']:.0%} that is asked for"
        say(f"{command_path()}: completeness {analysis['completenessScore']:.1%} is below {least}.")
        raise typer.Exit(FINDINGS)


def _filled(store: Store, collection: str | None, use_model: str | None, batch_size: int, dry_run: bool) -> Filled:
    from banana_assets.backends.llm import open_models
    from banana_assets.backends.media.filling import fill_gaps

    models = None
    if use_model is not None and use_model != NO_MODEL:
        models = open_models(store.settings, store.engine)
        if not models.configured:
            raise InputError("No language model is set up.", "`banana models` says how, or leave --use-model out.")
    return fill_gaps(
        store, collection=collection, models=models, use_model=use_model, batch_size=batch_size, dry_run=dry_run
    )


def _proposal(proposal: Any) -> dict[str, Any]:
    return {
        "item_id": proposal.item_id,
        "field": proposal.field,
        "value": list(proposal.value),
        "origin": proposal.origin,
        "rule": proposal.rule,
        "source": proposal.source,
        "confidence": proposal.confidence,
    }


def _json(result: dict[str, Any]) -> str:
    from banana_assets.core.safety.serving import served

    return to_json(served(result), indent=True) + "\n"


def _jsonl(result: dict[str, Any]) -> str:
    from banana_assets.core.safety.serving import served

    return "".join(to_json(row) + "\n" for row in served(result["analysis"]["missingFields"]))


def _csv(result: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for row in result["analysis"]["missingFields"]:
        writer.writerow((row["field"], row["missingCount"], f"{row['percentage']:.1f}"))
    return out.getvalue()


def _text(result: dict[str, Any]) -> str:
    from banana_assets.core.safety.serving import served

    told = served(result["analysis"])
    if not told["itemCount"]:
        return f"Metadata of {result['collection'] or 'all collections'}: no items\n"
    whose = f"Metadata of {result['collection'] or 'all collections'}: {plural(told['itemCount'], 'item')}"
    weighted = f"{told['weightedCompleteness']:.1%} with fields weighted"
    lines = [f"{whose}, {told['completenessScore']:.1%} complete ({weighted})"]
    if len(told["collections"]) > 1:
        lines += ["", "Collections:"]
        lines += [
            f"  {row['completenessScore']:6.1%}  {row['collection']} ({plural(row['itemCount'], 'item')})"
            for row in sorted(told["collections"], key=lambda row: row["completenessScore"])[:SHOWN]
        ]
    if told["missingFields"]:
        lines += ["", "Missing:"]
        for row in told["missingFields"]:
            could = f", {row['derivableCount']:,} derivable" if row["derivableCount"] else ""
            counts = f"{row['missingCount']:,} of {row['expectedCount']:,}{could}"
            lines.append(f"  {row['percentage']:5.1f} %  {row['field']} ({counts})")
    if told["qualityIssues"]:
        lines += ["", "Issues:"]
        for issue in told["qualityIssues"][:SHOWN]:
            lines.append(f"  {issue['type'].replace('_', ' ')}: {issue['statement']}")
            lines += [f"    {example}" for example in issue["examples"][:2]]
    if told["recommendations"]:
        lines += ["", "Worth doing:"]
        for row in told["recommendations"][:SHOWN]:
            lines.append(f"  {row['priority']:6}  {row['action']} Brings: {row['estimatedImpact']}.")
    if filled := result.get("filled"):
        lines += ["", *_filled_text(filled)]
    return visible("\n".join(lines)) + "\n"


def _filled_text(filled: dict[str, Any]) -> list[str]:
    verb = "Would propose" if filled["dryRun"] else "Proposed"
    what = f"{plural(filled['proposals'], 'value')} for {plural(filled['processedItems'], 'item')}"
    lines = [f"{verb} {what}: {filled['improvementPercentage']:.1f} % of what is missing"]
    lines += [f"  {n:6,}  {name}" for name, n in filled["byField"].items()]
    for row in filled.get("wouldPropose", []):
        lines.append(f"    {row['item_id']} {row['field']}: {'; '.join(row['value'])} ({row['rule']}: {row['source']})")
    if filled["proposals"] and not filled["dryRun"]:
        lines.append("`banana media proposals` lists them, `banana media accept` takes them over.")
    return lines


_WRITTEN = {Form.json: _json, Form.jsonl: _jsonl, Form.csv: _csv, Form.text: _text}
