"""A program: llama.cpp's own HTTP server, and the Ollama-protocol test server in front of it, on real weights.

Prints one line of JSON with their addresses and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

from tests.system.model_servers import ollama_protocol


def llama(path: Path, *, embedding: bool = False) -> Any:
    """A llama.cpp server on a free port. One thread: more are slower where others use the machine."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = 512 if embedding else 4096
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.port = 0
    params.warmup = False
    params.verbosity = 0
    params.embedding = embedding
    if embedding:
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return xllamacpp.Server(params)


class Embedder:
    """Vectors of the same weights, from a second server that is started when it is first asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server: Any = None

    def __call__(self, texts: list[str]) -> tuple[list[list[float]], int]:
        self._server = self._server or llama(self._path, embedding=True)
        answer = self._server.handle_embeddings({"input": texts})
        return [row["embedding"] for row in answer["data"]], answer["usage"]["prompt_tokens"]


def main(path: Path) -> None:
    server = llama(path)
    front = ollama_protocol.serve(server.listening_address, path.stat().st_size, Embedder(path))
    threading.Thread(target=front.serve_forever, daemon=True).start()
    addresses = {"openai": f"{server.listening_address}/v1", "ollama": f"http://127.0.0.1:{front.server_port}"}
    print(json.dumps(addresses), flush=True)
    sys.stdin.read()
    front.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
