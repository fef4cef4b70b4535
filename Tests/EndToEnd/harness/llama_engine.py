"""llama.cpp's own HTTP server with a tiny model; run as a program it prints its base URL and waits."""
import signal
import sys

import httpx2 as httpx

from harness.program import Program

SLOTS = 4
CONTEXT = 4096  # tokens of each slot


class LlamaEngine(Program):
    """A real engine in a process of its own."""

    def __init__(self, model, log):
        super().__init__("llama.cpp", [sys.executable, "-m", "harness.llama_engine", model], log)
        self.environment["PYTHONPATH"] = str(__file__).rsplit("/", 2)[0]

    def processing(self):
        """How many slots are at work."""
        slots = httpx.get(self.root + "/slots", timeout=10).json()
        return sum(1 for slot in slots if slot["is_processing"])


def serve(model):
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    # One thread: with two on a busy machine the threads wait for each other.
    parameters.cpuparams.n_threads = 1
    # Each slot has its own share of the context.
    parameters.n_ctx = CONTEXT * SLOTS
    parameters.n_parallel = SLOTS
    parameters.endpoint_metrics = True
    parameters.endpoint_slots = True
    parameters.port = 0
    server = xllamacpp.Server(parameters)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(server.listening_address.rstrip("/") + "/v1", flush=True)
    signal.pause()


if __name__ == "__main__":
    serve(sys.argv[1])
