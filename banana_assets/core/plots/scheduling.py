"""What an order saves by queue, and when there is room."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from banana_assets.core.plots.style import BLUE, GREEN, INK, ORANGE, dates, drawing, naive, nothing, short, wrapped

MOST = 12
UNITS = ((86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


def queues_plot(schedules: pl.DataFrame) -> bytes:
    """Mean waits of the queues that wait most (QUEUE_SCHEDULES): as they were, run again by arrival, and in order."""
    waits = schedules.filter(pl.col("first_come_wait") > 0).sort(
        "first_come_wait", "queue_id", descending=[True, False]
    )
    if not waits.height:
        return nothing("no queue in which anything waited")
    shown = waits.head(MOST).reverse()
    longest = max(v for column in ("seen_wait", "first_come_wait", "ordered_wait") for v in shown[column].to_list())
    unit, name = next((u, n) for u, n in UNITS if longest >= 2 * u or u == 1)
    with drawing(7.2, 1.1 + 0.62 * shown.height) as d:
        places = range(shown.height)
        for offset, column, colour, label in (
            (0.24, "seen_wait", INK, "as it was"),
            (0.0, "first_come_wait", ORANGE, "run again, first come first served"),
            (-0.24, "ordered_wait", GREEN, "run again, weight over expected time"),
        ):
            times = [v / unit for v in shown[column]]
            d.axes.barh([p + offset for p in places], times, height=0.22, color=colour, label=label)
        d.axes.set_yticks(list(places), [wrapped(q, 30) for q in shown["queue"]], fontsize=7.8)
        d.axes.set_xlabel(f"mean wait ({name})", loc="left")
        d.figure.legend(loc="outside upper left", ncols=3)
        if waits.height > MOST:
            d.axes.set_title(f"the {MOST} that wait most of {waits.height}")
    return d.svg


def windows_plot(windows: pl.DataFrame) -> bytes:
    """When each kind of work may begin (EXECUTION_WINDOWS), the best time marked; paler the higher the risk."""
    if not windows.height:
        return nothing("no time with room for any work, or no forecast")
    names = windows.select("queue", "kind", "host").unique(maintain_order=True).head(MOST).rows()[::-1]
    with drawing(7.2, 1.0 + 0.42 * len(names)) as d:
        for y, (queue, kind, host) in enumerate(names):
            for row in windows.filter(queue=queue, kind=kind, host=host).iter_rows(named=True):
                begin, end, best = naive([row["begins_at"], row["ends_at"], row["best_at"]])
                width = max(end - begin, timedelta(minutes=1))
                d.axes.barh(y, width, left=begin, height=0.5, color=BLUE, alpha=1 - 4 * min(row["risk"], 0.2))
                d.axes.plot([best], [y], marker="o", markersize=5, color=GREEN, clip_on=False, zorder=3)
        labels = [short(f"{q}: {k}" + (f" on {h}" if h else ""), 44) for q, k, h in names]
        d.axes.set_yticks(range(len(names)), labels, fontsize=7.8)
        dates(d.axes)
        d.axes.set_xlabel("may begin (UTC); green: where the risk is least", loc="left")
    return d.svg
