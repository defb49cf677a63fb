"""What it talks to: records, tables, blobs, files, processes. Plain Python clients, usable without Dagster."""
