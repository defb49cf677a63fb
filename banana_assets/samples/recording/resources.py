"""Writes the host's resources to a CSV every 5 s in long form (ts, source, metric, value) until it is stopped.

Usage: python3 resources.py FILE
"""

import csv
import datetime
import sys
import time

import psutil

with open(sys.argv[1], "w", newline="", buffering=1) as file:
    out = csv.writer(file)
    out.writerow(["ts", "source", "metric", "value"])
    psutil.cpu_percent()
    disk_before, network_before, before = psutil.disk_io_counters(), psutil.net_io_counters(), time.monotonic()
    while True:
        time.sleep(5 - (time.time() % 5))
        elapsed, before = time.monotonic() - before, time.monotonic()
        moment = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0).isoformat()
        memory, folder = psutil.virtual_memory(), psutil.disk_usage("/")
        disk, network = psutil.disk_io_counters(), psutil.net_io_counters()
        readings = {
            "cpu_percent": psutil.cpu_percent(),
            "memory_used_bytes": memory.total - memory.available,
            "memory_percent": memory.percent,
            "disk_used_bytes": folder.used,
            "disk_percent": folder.percent,
            "disk_read_bytes_per_second": (disk.read_bytes - disk_before.read_bytes) / elapsed,
            "disk_write_bytes_per_second": (disk.write_bytes - disk_before.write_bytes) / elapsed,
            "network_received_bytes_per_second": (network.bytes_recv - network_before.bytes_recv) / elapsed,
            "network_sent_bytes_per_second": (network.bytes_sent - network_before.bytes_sent) / elapsed,
        }
        disk_before, network_before = disk, network
        for metric, value in readings.items():
            out.writerow([moment, "build-host", metric, round(value, 3)])
